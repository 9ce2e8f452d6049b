import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'Le serveur a refusé : {message}',
  request: 'Identifiant de requête : {id}',
  wait: 'Trop de tentatives. Vous pourrez réessayer {when}.',
  over_request_rate_limit: 'Trop de tentatives. Patientez un instant avant de réessayer.',
  offline: 'Le serveur est injoignable. Vérifiez votre connexion et réessayez.',
  unexpected_failure: 'Une erreur s’est produite sur le serveur. Réessayez dans quelques minutes.',
  invalid_credentials: 'Ces informations ne correspondent à aucun compte.',
  weak_password: 'Ce mot de passe est trop facile à deviner. Choisissez-en un plus sûr.',
  pwned_password: 'Ce mot de passe figure dans des fuites de données connues. Choisissez-en un autre.',
}
