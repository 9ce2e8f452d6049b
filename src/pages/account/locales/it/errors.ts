import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'Il server ha rifiutato: {message}',
  request: 'ID della richiesta: {id}',
  wait: 'Troppi tentativi. Potrà riprovare {when}.',
  over_request_rate_limit: 'Troppi tentativi. Attenda un momento prima di riprovare.',
  offline: 'Il server non è raggiungibile. Controlli la connessione e riprovi.',
  unexpected_failure: 'Si è verificato un errore sul server. Riprovi tra qualche minuto.',
  invalid_credentials: 'Questi dati non corrispondono a nessun account.',
  weak_password: 'Questa password è troppo facile da indovinare. Ne scelga una più sicura.',
  pwned_password: 'Questa password compare in violazioni di dati note. Ne scelga un’altra.',
}
