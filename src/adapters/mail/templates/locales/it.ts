import type { LocaleTexts } from '../texts'

export const it: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Confermi il Suo indirizzo e-mail',
      heading: 'Confermi il Suo indirizzo e-mail',
      sentence: 'Per completare la registrazione, confermi che {{ .Email }} è il Suo indirizzo.',
      button: 'Conferma indirizzo e-mail',
    },
    invite: {
      subject: 'Ha ricevuto un invito',
      heading: 'Ha ricevuto un invito',
      sentence: 'È stato preparato un account per {{ .Email }}. Accetti l’invito per iniziare a usarlo.',
      button: 'Accetta l’invito',
    },
    recovery: {
      subject: 'Reimposti la Sua password',
      heading: 'Reimposti la Sua password',
      sentence:
        'È stata richiesta la reimpostazione della password del Suo account {{ .Email }}. Ora può sceglierne una nuova.',
      button: 'Reimposta password',
    },
    magic_link: {
      subject: 'Il Suo link di accesso',
      heading: 'Il Suo link di accesso',
      sentence: 'Con questo link accede come {{ .Email }}.',
      button: 'Accedi',
    },
    email_change: {
      subject: 'Confermi il Suo nuovo indirizzo e-mail',
      heading: 'Confermi il Suo nuovo indirizzo e-mail',
      sentence: 'Confermi che {{ .NewEmail }} deve diventare l’indirizzo e-mail del Suo account.',
      button: 'Conferma nuovo indirizzo',
    },
    reauthentication: {
      subject: '{{ .Token }} è il Suo codice di verifica',
      heading: 'Il Suo codice di verifica',
      sentence: 'Confermi la Sua identità con questo codice. Non lo comunichi mai a nessuno.',
    },
    password_changed_notification: {
      subject: 'La Sua password è stata modificata',
      heading: 'La Sua password è stata modificata',
      sentence: 'La password del Suo account {{ .Email }} è stata appena modificata.',
    },
    email_changed_notification: {
      subject: 'Il Suo indirizzo e-mail è stato modificato',
      heading: 'Il Suo indirizzo e-mail è stato modificato',
      sentence: 'L’indirizzo e-mail del Suo account è stato modificato da {{ .OldEmail }} a {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Il Suo numero di telefono è stato modificato',
      heading: 'Il Suo numero di telefono è stato modificato',
      sentence: 'Il numero di telefono del Suo account {{ .Email }} è ora {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Un nuovo metodo di accesso è stato collegato al Suo account',
      heading: 'Nuovo metodo di accesso',
      sentence: 'Ora è possibile accedere al Suo account {{ .Email }} con {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Un metodo di accesso è stato rimosso dal Suo account',
      heading: 'Metodo di accesso rimosso',
      sentence: 'Non è più possibile accedere al Suo account {{ .Email }} con {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Un nuovo metodo di verifica è stato aggiunto al Suo account',
      heading: 'Nuovo metodo di verifica',
      sentence: 'Un secondo passaggio ({{ .FactorType }}) è stato aggiunto all’accesso al Suo account {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Un metodo di verifica è stato rimosso dal Suo account',
      heading: 'Metodo di verifica rimosso',
      sentence: 'Un secondo passaggio ({{ .FactorType }}) è stato rimosso dall’accesso al Suo account {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'Nuovo accesso al Suo account',
      heading: 'Nuovo accesso',
      sentence:
        'Qualcuno ha effettuato l’accesso al Suo account {{ .Email }} da una rete da cui non era stato usato prima: {{ .IPAddress }}, il {{ .Time }}.',
      button: 'Non sono stato io',
    },
    account_exists: {
      subject: 'Ha già un account',
      heading: 'Ha già un account',
      sentence:
        'Qualcuno ha tentato di registrarsi con {{ .Email }}, ma Lei ha già un account. Acceda, oppure reimposti la password se non la ricorda più.',
      button: 'Vai all’accesso',
    },
    email_change_notice: {
      subject: 'Il suo indirizzo e-mail sta per cambiare',
      heading: 'Il suo indirizzo e-mail sta per cambiare',
      sentence:
        'Qualcuno ha chiesto di cambiare l’indirizzo del suo account da {{ .Email }} a {{ .NewEmail }}. Cambierà non appena il nuovo indirizzo sarà confermato.',
    },
  },
  enterCode: 'Oppure inserisca questo codice:',
  passwordDropped:
    'Se al momento della registrazione ha scelto una password, non è più valida, perché questo indirizzo non era stato confermato. Acceda con questa e-mail e poi imposti una nuova password.',
  ignore: 'Se non si aspettava questa e-mail, può ignorarla.',
  notYou: 'Se non è stato Lei, reimposti immediatamente la password e avvisi i responsabili di questo servizio.',
  notYouOldAddress: 'Se non è stato Lei, avvisi immediatamente i responsabili di questo servizio.',
}
