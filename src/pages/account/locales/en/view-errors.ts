/** Errors of the views of a user who is signed in, by their `code`. */
export const viewErrors = {
  current_password_invalid: 'This is not your current password.',
  current_password_required: 'Enter your current password.',
  email_conflict_identity_not_deletable:
    'This account cannot be unlinked, because its address belongs to another account here.',
  identity_already_exists: 'This account is linked already, to you or to another user.',
  insufficient_aal: 'Confirm your second step first.',
  manual_linking_disabled: 'This service does not allow users to link accounts.',
  mfa_factor_name_conflict: 'You have a method with this name already. Choose another name.',
  mfa_verified_factor_exists: 'You have a method of this kind already. Remove it first.',
  passkey_disabled: 'This service does not offer passkeys.',
  phone_exists: 'This number is already used by another account.',
  reauthentication_needed: 'Request a code first, and enter it.',
  reauthentication_not_valid: 'This code is wrong or has expired. Request a new one.',
  single_identity_not_deletable: 'The last way to sign in cannot be removed.',
  too_many_enrolled_mfa_factors: 'You have as many methods as possible. Remove one to add another.',
  too_many_passkeys: 'You have as many passkeys as possible. Remove one to add another.',
  user_sso_managed: 'Your organization manages this account. Change it there.',
  webauthn_challenge_not_found: 'This took too long, or was completed already. Try again.',
  webauthn_credential_exists: 'This device is registered already.',
}
