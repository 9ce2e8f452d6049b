import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Cuenta',
  backTo: 'Volver a {app}',
  cancel: 'Cancelar',
  elsewhere: 'Se ha cerrado la sesión en otra pestaña.',
  ended: 'Su sesión ha terminado. Inicie sesión de nuevo.',
  hidePassword: 'Ocultar la contraseña',
  idle: 'Se ha cerrado la sesión tras 30 minutos sin actividad.',
  language: 'Idioma',
  loading: 'Cargando…',
  noName: 'Cuenta sin nombre',
  noscript: 'Esta página necesita JavaScript.',
  proceed: 'Continuar',
  required: 'Complete este campo.',
  retry: 'Reintentar',
  save: 'Guardar',
  showPassword: 'Mostrar la contraseña',
  signOut: 'Cerrar sesión',
}
