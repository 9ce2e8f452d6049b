import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Ce n’est pas votre mot de passe actuel.',
  current_password_required: 'Saisissez votre mot de passe actuel.',
  email_conflict_identity_not_deletable:
    'Ce compte ne peut pas être dissocié, car son adresse appartient ici à un autre compte.',
  identity_already_exists: 'Ce compte est déjà associé, à vous ou à une autre personne.',
  insufficient_aal: 'Confirmez d’abord votre deuxième étape.',
  manual_linking_disabled: 'Ce service ne permet pas d’associer des comptes.',
  mfa_factor_name_conflict: 'Vous avez déjà une méthode de ce nom. Choisissez un autre nom.',
  mfa_verified_factor_exists: 'Vous avez déjà une méthode de ce type. Supprimez-la d’abord.',
  mfa_factor_not_found: 'Cette méthode a été supprimée entre-temps. Choisissez-en une autre.',
  mfa_ip_address_mismatch: 'Votre réseau a changé entre-temps. Réessayez.',
  mfa_recovery_codes_sole_factor: 'Les codes de récupération nécessitent une autre méthode.',
  not_offered: 'Ce service ne propose pas cela.',
  passkey_disabled: 'Ce service ne propose pas de clés d’accès.',
  phone_exists: 'Ce numéro est déjà utilisé par un autre compte.',
  reauthentication_needed: 'Demandez d’abord un code, puis saisissez-le.',
  reauthentication_not_valid: 'Ce code est incorrect ou a expiré. Demandez-en un nouveau.',
  single_identity_not_deletable: 'Le dernier moyen de connexion ne peut pas être supprimé.',
  too_many_enrolled_mfa_factors: 'Vous avez le nombre maximal de méthodes. Supprimez-en une pour en ajouter une autre.',
  too_many_passkeys: 'Vous avez le nombre maximal de clés d’accès. Supprimez-en une pour en ajouter une autre.',
  user_sso_managed: 'Votre organisation gère ce compte. Modifiez-le là-bas.',
  webauthn_challenge_not_found: 'Cela a pris trop de temps ou a déjà été effectué. Réessayez.',
  webauthn_credential_exists: 'Cet appareil est déjà enregistré.',
}
