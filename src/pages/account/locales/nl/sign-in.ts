import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Inloggen',
  email: 'E-mailadres',
  password: 'Wachtwoord',
  submit: 'Inloggen',
}
