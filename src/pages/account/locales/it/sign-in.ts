import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Accedi',
  email: 'Indirizzo e-mail',
  password: 'Password',
  submit: 'Accedi',
}
