import type { LocaleTexts } from '../texts'

export const nl: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Bevestig uw e-mailadres',
      heading: 'Bevestig uw e-mailadres',
      sentence: 'Bevestig dat {{ .Email }} uw adres is om uw registratie te voltooien.',
      button: 'E-mailadres bevestigen',
    },
    invite: {
      subject: 'U bent uitgenodigd',
      heading: 'U bent uitgenodigd',
      sentence: 'Er staat een account klaar voor {{ .Email }}. Accepteer de uitnodiging om het te gebruiken.',
      button: 'Uitnodiging accepteren',
    },
    recovery: {
      subject: 'Stel uw wachtwoord opnieuw in',
      heading: 'Stel uw wachtwoord opnieuw in',
      sentence: 'Voor uw account {{ .Email }} is een nieuw wachtwoord aangevraagd. U kunt het nu kiezen.',
      button: 'Wachtwoord opnieuw instellen',
    },
    magic_link: {
      subject: 'Uw inloglink',
      heading: 'Uw inloglink',
      sentence: 'Met deze link logt u in als {{ .Email }}.',
      button: 'Inloggen',
    },
    email_change: {
      subject: 'Bevestig uw nieuwe e-mailadres',
      heading: 'Bevestig uw nieuwe e-mailadres',
      sentence: 'Bevestig dat {{ .NewEmail }} het e-mailadres van uw account moet worden.',
      button: 'Nieuw adres bevestigen',
    },
    reauthentication: {
      subject: '{{ .Token }} is uw verificatiecode',
      heading: 'Uw verificatiecode',
      sentence: 'Bevestig met deze code dat u het bent. Geef de code nooit aan iemand anders.',
    },
    password_changed_notification: {
      subject: 'Uw wachtwoord is gewijzigd',
      heading: 'Uw wachtwoord is gewijzigd',
      sentence: 'Het wachtwoord van uw account {{ .Email }} is zojuist gewijzigd.',
    },
    email_changed_notification: {
      subject: 'Uw e-mailadres is gewijzigd',
      heading: 'Uw e-mailadres is gewijzigd',
      sentence: 'Het e-mailadres van uw account is gewijzigd van {{ .OldEmail }} in {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Uw telefoonnummer is gewijzigd',
      heading: 'Uw telefoonnummer is gewijzigd',
      sentence: 'Het telefoonnummer van uw account {{ .Email }} is nu {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Er is een nieuwe inlogmethode aan uw account gekoppeld',
      heading: 'Nieuwe inlogmethode',
      sentence: 'Op uw account {{ .Email }} kan nu ook worden ingelogd met {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Er is een inlogmethode van uw account verwijderd',
      heading: 'Inlogmethode verwijderd',
      sentence: 'Op uw account {{ .Email }} kan niet meer worden ingelogd met {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Er is een nieuwe verificatiemethode aan uw account toegevoegd',
      heading: 'Nieuwe verificatiemethode',
      sentence: 'Er is een tweede stap ({{ .FactorType }}) toegevoegd aan het inloggen op uw account {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Er is een verificatiemethode van uw account verwijderd',
      heading: 'Verificatiemethode verwijderd',
      sentence: 'Er is een tweede stap ({{ .FactorType }}) verwijderd bij het inloggen op uw account {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'Nieuwe aanmelding bij uw account',
      heading: 'Nieuwe aanmelding',
      sentence:
        'Iemand heeft zich bij uw account {{ .Email }} aangemeld vanaf een netwerk waarvandaan het niet eerder werd gebruikt: {{ .IPAddress }}, op {{ .Time }}.',
      button: 'Dit was ik niet',
    },
    account_exists: {
      subject: 'U hebt al een account',
      heading: 'U hebt al een account',
      sentence:
        'Iemand probeerde zich te registreren met {{ .Email }}, maar u hebt al een account. Log in, of stel uw wachtwoord opnieuw in als u het niet meer weet.',
      button: 'Naar inloggen',
    },
    email_change_notice: {
      subject: 'Uw e-mailadres wordt binnenkort gewijzigd',
      heading: 'Uw e-mailadres wordt binnenkort gewijzigd',
      sentence:
        'Iemand heeft gevraagd om het adres van uw account te wijzigen van {{ .Email }} in {{ .NewEmail }}. Het verandert zodra het nieuwe adres is bevestigd.',
    },
  },
  enterCode: 'Of voer deze code in:',
  passwordDropped:
    'Als u bij het aanmelden een wachtwoord hebt gekozen, werkt dat niet meer, omdat dit adres nog niet was bevestigd. Log in met deze e-mail en stel daarna een nieuw wachtwoord in.',
  ignore: 'Als u deze e-mail niet verwachtte, kunt u hem negeren.',
  notYou: 'Was u dit niet? Stel dan meteen uw wachtwoord opnieuw in en waarschuw de beheerders van deze dienst.',
  notYouOldAddress: 'Was u dit niet? Waarschuw dan meteen de beheerders van deze dienst.',
}
