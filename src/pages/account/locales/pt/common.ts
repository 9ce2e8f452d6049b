import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Conta',
  backTo: 'Voltar para {app}',
  cancel: 'Cancelar',
  elsewhere: 'A sessão foi encerrada em outra aba.',
  ended: 'A sua sessão terminou. Entre novamente.',
  hidePassword: 'Ocultar senha',
  idle: 'A sessão foi encerrada após 30 minutos sem atividade.',
  language: 'Idioma',
  loading: 'Carregando…',
  noName: 'Conta sem nome',
  noscript: 'Esta página precisa de JavaScript.',
  proceed: 'Continuar',
  required: 'Preencha este campo.',
  retry: 'Tentar novamente',
  save: 'Salvar',
  showPassword: 'Mostrar senha',
  signOut: 'Sair',
}
