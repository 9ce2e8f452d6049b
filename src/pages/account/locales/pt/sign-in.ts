import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Entrar',
  email: 'Endereço de e-mail',
  password: 'Senha',
  submit: 'Entrar',
}
