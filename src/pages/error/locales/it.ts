import type { ErrorPageTexts } from '../texts'

export const it: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Questo link non funziona più',
      'È scaduto, è già stato usato o è stato sostituito da uno più recente. Richiedi un nuovo link e apri l’ultimo messaggio.',
    ],
    incompleteLink: [
      'Questo link è incompleto',
      'Manca una parte dell’indirizzo. Riapri il link dal messaggio oppure copialo per intero.',
    ],
    providerOff: ['Questo metodo di accesso non è disponibile', 'Torna indietro e scegli un altro modo per accedere.'],
    interruptedSignIn: [
      'Non è stato possibile completare l’accesso',
      'Ha richiesto troppo tempo, era già stato completato o è iniziato in un altro browser. Torna indietro e accedi di nuovo.',
    ],
    refused: ['Operazione non consentita', 'Il tuo account o le impostazioni di questo servizio non la consentono.'],
    signedOut: ['Non hai effettuato l’accesso', 'Accedi all’applicazione e riprova da lì.'],
    notFound: ['Pagina non trovata', 'A questo indirizzo non c’è nulla. Controlla il link o torna al sito.'],
    forApplications: [
      'Qui non c’è nulla da vedere',
      'Questo indirizzo è destinato alle applicazioni e non si può aprire in un browser.',
    ],
    tooMany: ['Troppi tentativi', 'Attendi un momento prima di riprovare.'],
    unavailable: [
      'Temporaneamente non disponibile',
      'Il servizio non può rispondere in questo momento. Riprova tra qualche minuto.',
    ],
    failed: ['Qualcosa è andato storto', 'Si è verificato un errore sul server. Se si ripete, segnala l’ID qui sotto.'],
    badRequest: ['Non è stato possibile elaborare la richiesta', 'L’indirizzo non è valido. Torna indietro e riprova.'],
  },
  back: 'Continua su {site}',
  retry: 'Potrai riprovare {when}.',
  code: 'Errore',
  request: 'ID della richiesta',
}
