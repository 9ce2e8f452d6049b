import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Iniciar sesión',
  email: 'Correo electrónico',
  password: 'Contraseña',
  submit: 'Iniciar sesión',
}
