import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'Connexion',
  email: 'Adresse e-mail',
  password: 'Mot de passe',
  submit: 'Se connecter',
}
