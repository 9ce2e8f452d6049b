import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Das ist nicht Ihr aktuelles Passwort.',
  current_password_required: 'Geben Sie Ihr aktuelles Passwort ein.',
  email_conflict_identity_not_deletable:
    'Diese Verknüpfung kann nicht aufgehoben werden, weil ihre Adresse hier zu einem anderen Konto gehört.',
  identity_already_exists: 'Dieses Konto ist bereits verknüpft, mit Ihnen oder einer anderen Person.',
  insufficient_aal: 'Bestätigen Sie zuerst den zweiten Schritt.',
  manual_linking_disabled: 'Bei diesem Dienst können Sie keine Konten verknüpfen.',
  mfa_factor_name_conflict: 'Sie haben bereits eine Methode mit diesem Namen. Wählen Sie einen anderen.',
  mfa_verified_factor_exists: 'Sie haben bereits eine Methode dieser Art. Entfernen Sie sie zuerst.',
  mfa_factor_not_found: 'Diese Methode wurde inzwischen entfernt. Wählen Sie eine andere.',
  mfa_ip_address_mismatch: 'Ihr Netzwerk hat sich inzwischen geändert. Versuchen Sie es noch einmal.',
  mfa_recovery_codes_sole_factor: 'Wiederherstellungscodes setzen eine andere Methode voraus.',
  not_offered: 'Dieser Dienst bietet das nicht an.',
  passkey_disabled: 'Dieser Dienst bietet keine Passkeys an.',
  phone_exists: 'Diese Nummer wird bereits von einem anderen Konto verwendet.',
  reauthentication_needed: 'Fordern Sie zuerst einen Code an und geben Sie ihn ein.',
  reauthentication_not_valid: 'Dieser Code ist falsch oder abgelaufen. Fordern Sie einen neuen an.',
  single_identity_not_deletable: 'Die letzte Anmeldemethode kann nicht entfernt werden.',
  too_many_enrolled_mfa_factors: 'Mehr Methoden sind nicht möglich. Entfernen Sie eine, um eine andere hinzuzufügen.',
  too_many_passkeys: 'Mehr Passkeys sind nicht möglich. Entfernen Sie einen, um einen anderen hinzuzufügen.',
  user_sso_managed: 'Ihre Organisation verwaltet dieses Konto. Ändern Sie es dort.',
  webauthn_challenge_not_found:
    'Das hat zu lange gedauert oder wurde bereits abgeschlossen. Versuchen Sie es noch einmal.',
  webauthn_credential_exists: 'Dieses Gerät ist bereits registriert.',
}
