import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Compte',
  backTo: 'Retour à {app}',
  cancel: 'Annuler',
  elsewhere: 'Vous vous êtes déconnecté dans un autre onglet.',
  ended: 'Votre session est terminée. Connectez-vous de nouveau.',
  hidePassword: 'Masquer le mot de passe',
  idle: 'Vous avez été déconnecté après 30 minutes d’inactivité.',
  language: 'Langue',
  loading: 'Chargement…',
  noName: 'Compte sans nom',
  noscript: 'Cette page nécessite JavaScript.',
  proceed: 'Continuer',
  required: 'Remplissez ce champ.',
  retry: 'Réessayer',
  save: 'Enregistrer',
  showPassword: 'Afficher le mot de passe',
  signOut: 'Se déconnecter',
}
