import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Konto',
  backTo: 'Wróć do {app}',
  cancel: 'Anuluj',
  elsewhere: 'Nastąpiło wylogowanie w innej karcie.',
  ended: 'Sesja została zakończona. Zaloguj się ponownie.',
  hidePassword: 'Ukryj hasło',
  idle: 'Nastąpiło wylogowanie po 30 minutach braku aktywności.',
  language: 'Język',
  loading: 'Ładowanie…',
  noName: 'Konto bez nazwy',
  noscript: 'Ta strona wymaga JavaScriptu.',
  proceed: 'Dalej',
  required: 'Wypełnij to pole.',
  retry: 'Spróbuj ponownie',
  save: 'Zapisz',
  showPassword: 'Pokaż hasło',
  signOut: 'Wyloguj się',
}
