import type { ErrorPageTexts } from '../texts'

export const de: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Dieser Link funktioniert nicht mehr',
      'Er ist abgelaufen, wurde bereits verwendet oder durch einen neueren ersetzt. Fordern Sie einen neuen Link an und öffnen Sie die neueste Nachricht.',
    ],
    incompleteLink: [
      'Dieser Link ist unvollständig',
      'Ein Teil der Adresse fehlt. Öffnen Sie den Link noch einmal aus der Nachricht oder kopieren Sie ihn vollständig.',
    ],
    providerOff: [
      'Diese Anmeldemethode ist nicht verfügbar',
      'Gehen Sie zurück und melden Sie sich auf einem anderen Weg an.',
    ],
    interruptedSignIn: [
      'Die Anmeldung konnte nicht abgeschlossen werden',
      'Sie hat zu lange gedauert, wurde bereits abgeschlossen oder in einem anderen Browser begonnen. Gehen Sie zurück und melden Sie sich erneut an.',
    ],
    refused: ['Das ist nicht erlaubt', 'Ihr Konto oder die Einstellungen dieses Dienstes lassen das nicht zu.'],
    signedOut: [
      'Sie sind nicht angemeldet',
      'Melden Sie sich in der Anwendung an und versuchen Sie es dort noch einmal.',
    ],
    notFound: [
      'Seite nicht gefunden',
      'Unter dieser Adresse gibt es nichts. Prüfen Sie den Link oder gehen Sie zurück zur Website.',
    ],
    forApplications: [
      'Hier gibt es nichts zu sehen',
      'Diese Adresse ist für Anwendungen bestimmt und lässt sich nicht im Browser öffnen.',
    ],
    tooMany: ['Zu viele Versuche', 'Warten Sie einen Moment, bevor Sie es erneut versuchen.'],
    unavailable: [
      'Vorübergehend nicht erreichbar',
      'Der Dienst kann gerade nicht antworten. Versuchen Sie es in einigen Minuten noch einmal.',
    ],
    failed: [
      'Etwas ist schiefgelaufen',
      'Auf dem Server ist ein Fehler aufgetreten. Wenn er wieder auftritt, melden Sie die ID unten.',
    ],
    badRequest: [
      'Diese Anfrage konnte nicht verarbeitet werden',
      'Die Adresse ist ungültig. Gehen Sie zurück und versuchen Sie es noch einmal.',
    ],
  },
  back: 'Weiter zu {site}',
  retry: 'Sie können es {when} erneut versuchen.',
  code: 'Fehler',
  request: 'Anfrage-ID',
}
