import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Logowanie',
  email: 'Adres e-mail',
  password: 'Hasło',
  submit: 'Zaloguj się',
}
