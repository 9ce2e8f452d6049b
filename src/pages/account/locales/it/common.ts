import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'Account',
  backTo: 'Torna a {app}',
  cancel: 'Annulla',
  elsewhere: 'La sessione è stata chiusa in un’altra scheda.',
  ended: 'La sessione è terminata. Acceda di nuovo.',
  hidePassword: 'Nascondi password',
  idle: 'La sessione è stata chiusa dopo 30 minuti di inattività.',
  language: 'Lingua',
  loading: 'Caricamento…',
  noName: 'Account senza nome',
  noscript: 'Questa pagina richiede JavaScript.',
  proceed: 'Continua',
  required: 'Compili questo campo.',
  retry: 'Riprova',
  save: 'Salva',
  showPassword: 'Mostra password',
  signOut: 'Esci',
}
