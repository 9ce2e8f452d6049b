import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  captcha_failed: 'Die Prüfung gegen automatische Anfragen ist fehlgeschlagen. Versuchen Sie es erneut.',
  captcha_unsupported:
    'Dieser Dienst verwendet ein Captcha, das diese Seite nicht anzeigen kann. Melden Sie sich mit einem Passkey oder einem Anbieter an, oder in der Anwendung selbst.',
  email_address_not_authorized: 'Diese Adresse kann hier nicht verwendet werden.',
  email_exists: 'Diese Adresse wird bereits von einem anderen Konto verwendet.',
  email_not_confirmed:
    'Ihre Adresse ist noch nicht bestätigt. Öffnen Sie den Link in der Nachricht, die an sie gesendet wurde.',
  email_provider_disabled: 'E-Mail-Adressen können hierfür nicht verwendet werden.',
  flow_state_expired: 'Die Anmeldung hat zu lange gedauert. Beginnen Sie von vorn.',
  flow_state_not_found:
    'Diese Anmeldung wurde bereits abgeschlossen oder ist nicht mehr gültig. Beginnen Sie von vorn.',
  identity_already_exists: 'Dieses Konto des Anbieters ist hier bereits mit einem Konto verknüpft.',
  invalid_credentials: 'Diese Angaben passen zu keinem Konto.',
  mfa_challenge_expired: 'Das hat zu lange gedauert. Versuchen Sie es erneut.',
  mfa_recovery_codes_locked: 'Zu viele falsche Codes. Warten Sie eine Weile, bevor Sie es erneut versuchen.',
  mfa_verification_failed: 'Das ist nicht richtig. Prüfen Sie die Eingabe und versuchen Sie es erneut.',
  offline: 'Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut.',
  other: 'Der Server hat abgelehnt: {message}',
  otp_expired: 'Dieser Code ist falsch oder abgelaufen.',
  over_email_send_rate_limit:
    'Es wurden zu viele Nachrichten gesendet. Warten Sie eine Weile, bevor Sie eine weitere anfordern.',
  over_request_rate_limit: 'Zu viele Versuche. Warten Sie einen Moment, bevor Sie es erneut versuchen.',
  over_sms_send_rate_limit: 'Es wurden zu viele SMS gesendet. Warten Sie eine Weile, bevor Sie eine weitere anfordern.',
  phone_not_confirmed: 'Ihre Nummer ist noch nicht bestätigt. Geben Sie den Code ein, der an sie gesendet wurde.',
  phone_provider_disabled: 'Telefonnummern können hierfür nicht verwendet werden.',
  provider_email_needs_verification:
    'Der Anbieter hat Ihre Adresse nicht bestätigt. Bestätigen Sie sie mit der Nachricht, die Ihnen gesendet wurde, und melden Sie sich dann erneut an.',
  pwned_password: 'Dieses Passwort kommt in bekannten Datenlecks vor. Wählen Sie ein anderes.',
  request: 'Anfrage-ID: {id}',
  same_password: 'Das ist Ihr jetziges Passwort. Wählen Sie ein anderes.',
  signup_disabled: 'Zurzeit können hier keine neuen Konten angelegt werden.',
  sms_send_failed: 'Die SMS konnte nicht gesendet werden. Prüfen Sie die Nummer, oder versuchen Sie es später erneut.',
  unexpected_failure: 'Auf dem Server ist ein Fehler aufgetreten. Versuchen Sie es in einigen Minuten erneut.',
  user_already_exists: 'Es gibt bereits ein Konto. Melden Sie sich stattdessen an.',
  user_banned: 'Dieses Konto ist gesperrt. Wenden Sie sich an den Betreiber dieses Dienstes.',
  wait: 'Zu viele Versuche. Sie können es {when} erneut versuchen.',
  weak_password: 'Dieses Passwort ist zu leicht zu erraten. Wählen Sie ein stärkeres.',
  webauthn_challenge_expired: 'Das hat zu lange gedauert. Versuchen Sie es erneut.',
  webauthn_verification_failed:
    'Dieser Passkey wurde nicht akzeptiert. Verwenden Sie einen anderen, oder melden Sie sich anders an.',
}
