import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Anmelden',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  submit: 'Anmelden',
}
