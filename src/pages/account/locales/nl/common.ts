import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Account',
  backTo: 'Terug naar {app}',
  cancel: 'Annuleren',
  elsewhere: 'U bent in een ander tabblad uitgelogd.',
  ended: 'Uw sessie is beëindigd. Log opnieuw in.',
  hidePassword: 'Wachtwoord verbergen',
  idle: 'U bent uitgelogd na 30 minuten zonder activiteit.',
  language: 'Taal',
  loading: 'Laden…',
  noName: 'Account zonder naam',
  noscript: 'Deze pagina heeft JavaScript nodig.',
  proceed: 'Doorgaan',
  required: 'Vul dit veld in.',
  retry: 'Opnieuw proberen',
  save: 'Opslaan',
  showPassword: 'Wachtwoord tonen',
  signOut: 'Uitloggen',
}
