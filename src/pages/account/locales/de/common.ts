import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Konto',
  backTo: 'Zurück zu {app}',
  cancel: 'Abbrechen',
  elsewhere: 'Sie haben sich in einem anderen Tab abgemeldet.',
  ended: 'Ihre Sitzung ist beendet. Melden Sie sich erneut an.',
  hidePassword: 'Passwort verbergen',
  idle: 'Sie wurden nach 30 Minuten ohne Aktivität abgemeldet.',
  language: 'Sprache',
  loading: 'Wird geladen …',
  noName: 'Konto ohne Namen',
  noscript: 'Diese Seite benötigt JavaScript.',
  proceed: 'Weiter',
  required: 'Füllen Sie dieses Feld aus.',
  retry: 'Erneut versuchen',
  save: 'Speichern',
  showPassword: 'Passwort anzeigen',
  signOut: 'Abmelden',
}
