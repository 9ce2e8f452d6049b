import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'Der Server hat abgelehnt: {message}',
  request: 'Anfrage-ID: {id}',
  wait: 'Zu viele Versuche. Sie können es {when} erneut versuchen.',
  over_request_rate_limit: 'Zu viele Versuche. Warten Sie einen Moment, bevor Sie es erneut versuchen.',
  offline: 'Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut.',
  unexpected_failure: 'Auf dem Server ist ein Fehler aufgetreten. Versuchen Sie es in einigen Minuten erneut.',
  invalid_credentials: 'Diese Angaben passen zu keinem Konto.',
  weak_password: 'Dieses Passwort ist zu leicht zu erraten. Wählen Sie ein stärkeres.',
  pwned_password: 'Dieses Passwort kommt in bekannten Datenlecks vor. Wählen Sie ein anderes.',
}
