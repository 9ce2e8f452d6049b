import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'To nie jest obecne hasło.',
  current_password_required: 'Proszę podać obecne hasło.',
  email_conflict_identity_not_deletable:
    'Tego konta nie można odłączyć, ponieważ jego adres należy tutaj do innego konta.',
  identity_already_exists: 'To konto jest już połączone z tym lub innym użytkownikiem.',
  insufficient_aal: 'Najpierw trzeba potwierdzić drugi krok.',
  manual_linking_disabled: 'Ta usługa nie pozwala łączyć kont.',
  mfa_factor_name_conflict: 'Metoda o tej nazwie już istnieje. Proszę wybrać inną nazwę.',
  mfa_verified_factor_exists: 'Metoda tego rodzaju już istnieje. Najpierw trzeba ją usunąć.',
  mfa_factor_not_found: 'Ta metoda została w międzyczasie usunięta. Proszę wybrać inną.',
  mfa_ip_address_mismatch: 'Sieć zmieniła się w międzyczasie. Proszę spróbować ponownie.',
  mfa_recovery_codes_sole_factor: 'Kody odzyskiwania wymagają innej metody.',
  not_offered: 'Ta usługa tego nie oferuje.',
  passkey_disabled: 'Ta usługa nie oferuje kluczy dostępu.',
  phone_exists: 'Ten numer jest już używany przez inne konto.',
  reauthentication_needed: 'Najpierw trzeba poprosić o kod i go wpisać.',
  reauthentication_not_valid: 'Ten kod jest błędny lub wygasł. Proszę poprosić o nowy.',
  single_identity_not_deletable: 'Ostatniego sposobu logowania nie można usunąć.',
  too_many_enrolled_mfa_factors: 'Osiągnięto maksymalną liczbę metod. Aby dodać kolejną, trzeba usunąć jedną z nich.',
  too_many_passkeys: 'Osiągnięto maksymalną liczbę kluczy dostępu. Aby dodać kolejny, trzeba usunąć jeden z nich.',
  user_sso_managed: 'Kontem zarządza organizacja. Zmian dokonuje się tam.',
  webauthn_challenge_not_found: 'Trwało to zbyt długo lub zostało już wykonane. Proszę spróbować ponownie.',
  webauthn_credential_exists: 'To urządzenie jest już zarejestrowane.',
}
