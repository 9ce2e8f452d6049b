import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Dit is niet uw huidige wachtwoord.',
  current_password_required: 'Voer uw huidige wachtwoord in.',
  email_conflict_identity_not_deletable:
    'Dit account kan niet worden ontkoppeld, omdat het adres ervan hier bij een ander account hoort.',
  identity_already_exists: 'Dit account is al gekoppeld, aan u of aan een andere gebruiker.',
  insufficient_aal: 'Bevestig eerst de tweede stap.',
  manual_linking_disabled: 'Bij deze dienst kunt u geen accounts koppelen.',
  mfa_factor_name_conflict: 'U hebt al een methode met deze naam. Kies een andere naam.',
  mfa_verified_factor_exists: 'U hebt al een methode van dit type. Verwijder die eerst.',
  mfa_factor_not_found: 'Deze methode is intussen verwijderd. Kies een andere.',
  mfa_ip_address_mismatch: 'Uw netwerk is intussen gewijzigd. Probeer het opnieuw.',
  mfa_recovery_codes_sole_factor: 'Herstelcodes vereisen ook een andere methode.',
  not_offered: 'Deze dienst biedt dit niet aan.',
  passkey_disabled: 'Deze dienst biedt geen passkeys.',
  phone_exists: 'Dit nummer wordt al door een ander account gebruikt.',
  reauthentication_needed: 'Vraag eerst een code aan en voer die in.',
  reauthentication_not_valid: 'Deze code is onjuist of verlopen. Vraag een nieuwe aan.',
  single_identity_not_deletable: 'De laatste manier om in te loggen kan niet worden verwijderd.',
  too_many_enrolled_mfa_factors: 'U hebt het maximale aantal methoden. Verwijder er een om een andere toe te voegen.',
  too_many_passkeys: 'U hebt het maximale aantal passkeys. Verwijder er een om een andere toe te voegen.',
  user_sso_managed: 'Uw organisatie beheert dit account. Wijzig het daar.',
  webauthn_challenge_not_found: 'Dit duurde te lang of is al afgerond. Probeer het opnieuw.',
  webauthn_credential_exists: 'Dit apparaat is al geregistreerd.',
}
