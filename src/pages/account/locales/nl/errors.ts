import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'De server weigerde: {message}',
  request: 'Aanvraag-ID: {id}',
  wait: 'Te veel pogingen. U kunt het {when} opnieuw proberen.',
  over_request_rate_limit: 'Te veel pogingen. Wacht even voordat u het opnieuw probeert.',
  offline: 'De server is niet bereikbaar. Controleer uw verbinding en probeer het opnieuw.',
  unexpected_failure: 'Er is een fout opgetreden op de server. Probeer het over enkele minuten opnieuw.',
  invalid_credentials: 'Deze gegevens horen niet bij een account.',
  weak_password: 'Dit wachtwoord is te makkelijk te raden. Kies een sterker wachtwoord.',
  pwned_password: 'Dit wachtwoord komt voor in bekende datalekken. Kies een ander.',
}
