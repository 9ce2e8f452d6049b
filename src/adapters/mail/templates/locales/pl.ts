import type { LocaleTexts } from '../texts'

export const pl: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Prosimy potwierdzić adres e-mail',
      heading: 'Prosimy potwierdzić adres e-mail',
      sentence: 'Aby dokończyć rejestrację, prosimy potwierdzić, że {{ .Email }} to Państwa adres.',
      button: 'Potwierdź adres e-mail',
    },
    invite: {
      subject: 'Otrzymali Państwo zaproszenie',
      heading: 'Otrzymali Państwo zaproszenie',
      sentence:
        'Dla adresu {{ .Email }} przygotowano konto. Aby zacząć z niego korzystać, prosimy przyjąć zaproszenie.',
      button: 'Przyjmij zaproszenie',
    },
    recovery: {
      subject: 'Resetowanie hasła',
      heading: 'Resetowanie hasła',
      sentence: 'Otrzymaliśmy prośbę o zresetowanie hasła do konta {{ .Email }}. Można teraz ustawić nowe hasło.',
      button: 'Zresetuj hasło',
    },
    magic_link: {
      subject: 'Link do logowania',
      heading: 'Link do logowania',
      sentence: 'Ten link pozwala zalogować się jako {{ .Email }}.',
      button: 'Zaloguj się',
    },
    email_change: {
      subject: 'Prosimy potwierdzić nowy adres e-mail',
      heading: 'Prosimy potwierdzić nowy adres e-mail',
      sentence: 'Prosimy potwierdzić, że {{ .NewEmail }} ma zostać adresem e-mail Państwa konta.',
      button: 'Potwierdź nowy adres',
    },
    reauthentication: {
      subject: '{{ .Token }} to kod weryfikacyjny',
      heading: 'Kod weryfikacyjny',
      sentence: 'Prosimy potwierdzić tym kodem swoją tożsamość. Nie należy go nikomu podawać.',
    },
    password_changed_notification: {
      subject: 'Hasło zostało zmienione',
      heading: 'Hasło zostało zmienione',
      sentence: 'Hasło do Państwa konta {{ .Email }} zostało właśnie zmienione.',
    },
    email_changed_notification: {
      subject: 'Adres e-mail został zmieniony',
      heading: 'Adres e-mail został zmieniony',
      sentence: 'Adres e-mail Państwa konta został zmieniony z {{ .OldEmail }} na {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Numer telefonu został zmieniony',
      heading: 'Numer telefonu został zmieniony',
      sentence: 'Numer telefonu Państwa konta {{ .Email }} to teraz {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Nowa metoda logowania została powiązana z kontem',
      heading: 'Nowa metoda logowania',
      sentence: 'Do Państwa konta {{ .Email }} można teraz logować się przez {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Metoda logowania została usunięta z konta',
      heading: 'Usunięto metodę logowania',
      sentence: 'Do Państwa konta {{ .Email }} nie można już logować się przez {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Nowa metoda weryfikacji została dodana do konta',
      heading: 'Nowa metoda weryfikacji',
      sentence: 'Do logowania na Państwa konto {{ .Email }} dodano drugi krok ({{ .FactorType }}).',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Metoda weryfikacji została usunięta z konta',
      heading: 'Usunięto metodę weryfikacji',
      sentence: 'Z logowania na Państwa konto {{ .Email }} usunięto drugi krok ({{ .FactorType }}).',
    },
    new_device_notification: {
      subject: 'Nowe logowanie na konto',
      heading: 'Nowe logowanie',
      sentence:
        'Ktoś zalogował się na Państwa konto {{ .Email }} z sieci, z której dotąd z niego nie korzystano: {{ .IPAddress }}, {{ .Time }}.',
      button: 'To nie ja',
    },
    account_exists: {
      subject: 'Mają już Państwo konto',
      heading: 'Mają już Państwo konto',
      sentence:
        'Ktoś próbował zarejestrować się z adresem {{ .Email }}, ale mają już Państwo konto. Prosimy się zalogować albo zresetować hasło, jeśli zostało zapomniane.',
      button: 'Przejdź do logowania',
    },
    email_change_notice: {
      subject: 'Adres e-mail Państwa konta ma zostać zmieniony',
      heading: 'Adres e-mail Państwa konta ma zostać zmieniony',
      sentence:
        'Ktoś poprosił o zmianę adresu Państwa konta z {{ .Email }} na {{ .NewEmail }}. Zmieni się on po potwierdzeniu nowego adresu.',
    },
  },
  enterCode: 'Można też wpisać ten kod:',
  passwordDropped:
    'Jeśli podczas rejestracji wybrano hasło, już ono nie działa, ponieważ ten adres nie był potwierdzony. Prosimy zalogować się za pomocą tej wiadomości, a następnie ustawić nowe hasło.',
  ignore: 'Jeśli nie spodziewali się Państwo tej wiadomości, można ją zignorować.',
  notYou: 'Jeśli to nie Państwo, prosimy natychmiast zresetować hasło i powiadomić administratorów tej usługi.',
  notYouOldAddress: 'Jeśli to nie Państwo, prosimy natychmiast powiadomić administratorów tej usługi.',
}
