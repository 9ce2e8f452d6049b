import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'Serwer odmówił: {message}',
  request: 'Identyfikator żądania: {id}',
  wait: 'Zbyt wiele prób. Można spróbować ponownie {when}.',
  over_request_rate_limit: 'Zbyt wiele prób. Odczekaj chwilę, zanim spróbujesz ponownie.',
  offline: 'Nie można połączyć się z serwerem. Sprawdź połączenie i spróbuj ponownie.',
  unexpected_failure: 'Na serwerze wystąpił błąd. Spróbuj ponownie za kilka minut.',
  invalid_credentials: 'Te dane nie pasują do żadnego konta.',
  weak_password: 'To hasło jest zbyt łatwe do odgadnięcia. Wybierz silniejsze.',
  pwned_password: 'To hasło pojawia się w znanych wyciekach danych. Wybierz inne.',
}
