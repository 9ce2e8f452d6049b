import type { ErrorPageTexts } from '../texts'

export const pl: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Ten link już nie działa',
      'Wygasł, został już użyty albo zastąpiony nowszym. Poproś o nowy link i otwórz najnowszą wiadomość.',
    ],
    incompleteLink: [
      'Ten link jest niepełny',
      'Brakuje części adresu. Otwórz link jeszcze raz z wiadomości albo skopiuj go w całości.',
    ],
    providerOff: ['Ten sposób logowania jest niedostępny', 'Wróć i wybierz inny sposób logowania.'],
    interruptedSignIn: [
      'Nie udało się dokończyć logowania',
      'Trwało zbyt długo, zostało już zakończone albo rozpoczęto je w innej przeglądarce. Wróć i zaloguj się ponownie.',
    ],
    refused: ['To nie jest dozwolone', 'Nie pozwala na to Twoje konto albo ustawienia tej usługi.'],
    signedOut: ['Nie jesteś zalogowany', 'Zaloguj się w aplikacji i spróbuj stamtąd ponownie.'],
    notFound: ['Nie znaleziono strony', 'Pod tym adresem nic nie ma. Sprawdź link albo wróć do witryny.'],
    forApplications: [
      'Tu nie ma nic do zobaczenia',
      'Ten adres jest przeznaczony dla aplikacji i nie można go otworzyć w przeglądarce.',
    ],
    tooMany: ['Zbyt wiele prób', 'Poczekaj chwilę, zanim spróbujesz ponownie.'],
    unavailable: ['Chwilowo niedostępne', 'Usługa nie może teraz odpowiedzieć. Spróbuj ponownie za kilka minut.'],
    failed: ['Coś poszło nie tak', 'Na serwerze wystąpił błąd. Jeśli się powtórzy, zgłoś poniższy identyfikator.'],
    badRequest: ['Nie udało się przetworzyć żądania', 'Adres jest nieprawidłowy. Wróć i spróbuj ponownie.'],
  },
  back: 'Przejdź do {site}',
  retry: 'Możesz spróbować ponownie {when}.',
  code: 'Błąd',
  request: 'Identyfikator żądania',
}
