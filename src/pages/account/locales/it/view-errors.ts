import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Questa non è la Sua password attuale.',
  current_password_required: 'Inserisca la Sua password attuale.',
  email_conflict_identity_not_deletable:
    'Questo account non può essere scollegato, perché il suo indirizzo appartiene qui a un altro account.',
  identity_already_exists: 'Questo account è già collegato, a Lei o a un’altra persona.',
  insufficient_aal: 'Confermi prima il secondo passaggio.',
  manual_linking_disabled: 'Questo servizio non permette di collegare account.',
  mfa_factor_name_conflict: 'Ha già un metodo con questo nome. Ne scelga un altro.',
  mfa_verified_factor_exists: 'Ha già un metodo di questo tipo. Prima lo rimuova.',
  mfa_factor_not_found: 'Questo metodo è stato rimosso nel frattempo. Ne scelga un altro.',
  mfa_ip_address_mismatch: 'La Sua rete è cambiata nel frattempo. Riprovi.',
  mfa_recovery_codes_sole_factor: 'I codici di recupero richiedono un altro metodo.',
  not_offered: 'Questo servizio non lo offre.',
  passkey_disabled: 'Questo servizio non offre passkey.',
  phone_exists: 'Questo numero è già usato da un altro account.',
  reauthentication_needed: 'Richieda prima un codice e lo inserisca.',
  reauthentication_not_valid: 'Questo codice è errato o scaduto. Ne richieda uno nuovo.',
  single_identity_not_deletable: 'L’ultimo modo di accedere non può essere rimosso.',
  too_many_enrolled_mfa_factors: 'Ha il numero massimo di metodi. Ne rimuova uno per aggiungerne un altro.',
  too_many_passkeys: 'Ha il numero massimo di passkey. Ne rimuova una per aggiungerne un’altra.',
  user_sso_managed: 'La Sua organizzazione gestisce questo account. Lo modifichi lì.',
  webauthn_challenge_not_found: 'Ha richiesto troppo tempo o è già stato completato. Riprovi.',
  webauthn_credential_exists: 'Questo dispositivo è già registrato.',
}
