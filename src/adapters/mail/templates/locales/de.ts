import type { LocaleTexts } from '../texts'

export const de: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      heading: 'Bestätigen Sie Ihre E-Mail-Adresse',
      sentence: 'Um die Registrierung abzuschließen, bestätigen Sie bitte, dass {{ .Email }} Ihre Adresse ist.',
      button: 'E-Mail-Adresse bestätigen',
    },
    invite: {
      subject: 'Sie wurden eingeladen',
      heading: 'Sie wurden eingeladen',
      sentence: 'Für {{ .Email }} wurde ein Konto vorbereitet. Nehmen Sie die Einladung an, um es zu nutzen.',
      button: 'Einladung annehmen',
    },
    recovery: {
      subject: 'Setzen Sie Ihr Passwort zurück',
      heading: 'Setzen Sie Ihr Passwort zurück',
      sentence: 'Für Ihr Konto {{ .Email }} wurde ein neues Passwort angefordert. Sie können es jetzt festlegen.',
      button: 'Passwort zurücksetzen',
    },
    magic_link: {
      subject: 'Ihr Anmeldelink',
      heading: 'Ihr Anmeldelink',
      sentence: 'Mit diesem Link melden Sie sich als {{ .Email }} an.',
      button: 'Anmelden',
    },
    email_change: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      heading: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      sentence: 'Bitte bestätigen Sie, dass {{ .NewEmail }} die E-Mail-Adresse Ihres Kontos werden soll.',
      button: 'Neue Adresse bestätigen',
    },
    reauthentication: {
      subject: '{{ .Token }} ist Ihr Bestätigungscode',
      heading: 'Ihr Bestätigungscode',
      sentence: 'Bestätigen Sie mit diesem Code, dass Sie es sind. Geben Sie ihn niemals weiter.',
    },
    password_changed_notification: {
      subject: 'Ihr Passwort wurde geändert',
      heading: 'Ihr Passwort wurde geändert',
      sentence: 'Das Passwort Ihres Kontos {{ .Email }} wurde soeben geändert.',
    },
    email_changed_notification: {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      heading: 'Ihre E-Mail-Adresse wurde geändert',
      sentence: 'Die E-Mail-Adresse Ihres Kontos wurde von {{ .OldEmail }} in {{ .Email }} geändert.',
    },
    phone_changed_notification: {
      subject: 'Ihre Telefonnummer wurde geändert',
      heading: 'Ihre Telefonnummer wurde geändert',
      sentence: 'Die Telefonnummer Ihres Kontos {{ .Email }} lautet jetzt {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Ihrem Konto wurde eine neue Anmeldemethode hinzugefügt',
      heading: 'Neue Anmeldemethode',
      sentence: 'Bei Ihrem Konto {{ .Email }} ist die Anmeldung jetzt auch mit {{ .Provider }} möglich.',
    },
    identity_unlinked_notification: {
      subject: 'Eine Anmeldemethode wurde von Ihrem Konto entfernt',
      heading: 'Anmeldemethode entfernt',
      sentence: 'Bei Ihrem Konto {{ .Email }} ist die Anmeldung mit {{ .Provider }} nicht mehr möglich.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Ihrem Konto wurde eine neue Bestätigungsmethode hinzugefügt',
      heading: 'Neue Bestätigungsmethode',
      sentence: 'Die Anmeldung bei Ihrem Konto {{ .Email }} hat einen zweiten Schritt ({{ .FactorType }}) erhalten.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Eine Bestätigungsmethode wurde von Ihrem Konto entfernt',
      heading: 'Bestätigungsmethode entfernt',
      sentence: 'Ein zweiter Schritt ({{ .FactorType }}) der Anmeldung bei Ihrem Konto {{ .Email }} wurde entfernt.',
    },
    new_device_notification: {
      subject: 'Neue Anmeldung bei Ihrem Konto',
      heading: 'Neue Anmeldung',
      sentence:
        'Bei Ihrem Konto {{ .Email }} hat sich jemand aus einem Netz angemeldet, aus dem es bisher nicht benutzt wurde: {{ .IPAddress }}, am {{ .Time }}.',
      button: 'Das war ich nicht',
    },
    account_exists: {
      subject: 'Sie haben bereits ein Konto',
      heading: 'Sie haben bereits ein Konto',
      sentence:
        'Jemand wollte sich mit {{ .Email }} registrieren, Sie haben aber bereits ein Konto. Bitte melden Sie sich an, oder setzen Sie Ihr Passwort zurück, falls Sie es nicht mehr wissen.',
      button: 'Zur Anmeldung',
    },
    email_change_notice: {
      subject: 'Ihre E-Mail-Adresse soll geändert werden',
      heading: 'Ihre E-Mail-Adresse soll geändert werden',
      sentence:
        'Jemand hat darum gebeten, die Adresse Ihres Kontos von {{ .Email }} in {{ .NewEmail }} zu ändern. Sie ändert sich, sobald die neue Adresse bestätigt ist.',
    },
  },
  enterCode: 'Oder geben Sie diesen Code ein:',
  passwordDropped:
    'Falls Sie bei der Registrierung ein Passwort gewählt haben, gilt es nicht mehr, weil diese Adresse noch nicht bestätigt war. Melden Sie sich mit dieser E-Mail an und setzen Sie danach ein neues Passwort.',
  ignore: 'Wenn Sie diese E-Mail nicht erwartet haben, können Sie sie ignorieren.',
  notYou:
    'Wenn Sie das nicht waren, setzen Sie sofort Ihr Passwort zurück und benachrichtigen Sie die Betreiber dieses Dienstes.',
  notYouOldAddress: 'Wenn Sie das nicht waren, benachrichtigen Sie sofort die Betreiber dieses Dienstes.',
}
