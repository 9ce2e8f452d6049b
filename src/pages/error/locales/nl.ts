import type { ErrorPageTexts } from '../texts'

export const nl: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Deze link werkt niet meer',
      'De link is verlopen, al gebruikt of vervangen door een nieuwere. Vraag een nieuwe link aan en open het nieuwste bericht.',
    ],
    incompleteLink: [
      'Deze link is onvolledig',
      'Een deel van het adres ontbreekt. Open de link opnieuw vanuit het bericht of kopieer de hele link.',
    ],
    providerOff: ['Deze inlogmethode is niet beschikbaar', 'Ga terug en kies een andere manier om in te loggen.'],
    interruptedSignIn: [
      'Het inloggen kon niet worden voltooid',
      'Het duurde te lang, was al voltooid of is in een andere browser begonnen. Ga terug en log opnieuw in.',
    ],
    refused: ['Dit is niet toegestaan', 'Je account of de instellingen van deze dienst staan dit niet toe.'],
    signedOut: ['Je bent niet ingelogd', 'Log in bij de applicatie en probeer het daar opnieuw.'],
    notFound: ['Pagina niet gevonden', 'Op dit adres is niets te vinden. Controleer de link of ga terug naar de site.'],
    forApplications: [
      'Hier is niets te zien',
      'Dit adres is bedoeld voor applicaties en kan niet in een browser worden geopend.',
    ],
    tooMany: ['Te veel pogingen', 'Wacht even voordat je het opnieuw probeert.'],
    unavailable: [
      'Tijdelijk niet beschikbaar',
      'De dienst kan op dit moment niet antwoorden. Probeer het over een paar minuten opnieuw.',
    ],
    failed: [
      'Er ging iets mis',
      'Er is een fout opgetreden op de server. Meld de onderstaande ID als het opnieuw gebeurt.',
    ],
    badRequest: ['Dit verzoek kon niet worden verwerkt', 'Het adres is ongeldig. Ga terug en probeer het opnieuw.'],
  },
  back: 'Doorgaan naar {site}',
  retry: 'Je kunt het {when} opnieuw proberen.',
  code: 'Fout',
  request: 'Verzoek-ID',
}
