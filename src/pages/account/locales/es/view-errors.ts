import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Esta no es su contraseña actual.',
  current_password_required: 'Introduzca su contraseña actual.',
  email_conflict_identity_not_deletable:
    'Esta cuenta no se puede desvincular, porque su dirección pertenece aquí a otra cuenta.',
  identity_already_exists: 'Esta cuenta ya está vinculada, a usted o a otra persona.',
  insufficient_aal: 'Confirme antes su segundo paso.',
  manual_linking_disabled: 'Este servicio no permite vincular cuentas.',
  mfa_factor_name_conflict: 'Ya tiene un método con este nombre. Elija otro.',
  mfa_verified_factor_exists: 'Ya tiene un método de este tipo. Elimínelo antes.',
  mfa_factor_not_found: 'Este método se ha eliminado mientras tanto. Elija otro.',
  mfa_ip_address_mismatch: 'Su red ha cambiado mientras tanto. Inténtelo de nuevo.',
  mfa_recovery_codes_sole_factor: 'Los códigos de recuperación requieren otro método.',
  not_offered: 'Este servicio no ofrece esto.',
  passkey_disabled: 'Este servicio no ofrece claves de acceso.',
  phone_exists: 'Este número ya lo usa otra cuenta.',
  reauthentication_needed: 'Solicite antes un código e introdúzcalo.',
  reauthentication_not_valid: 'Este código es incorrecto o ha caducado. Solicite otro.',
  single_identity_not_deletable: 'La última forma de iniciar sesión no se puede eliminar.',
  too_many_enrolled_mfa_factors: 'Tiene el máximo de métodos. Elimine uno para añadir otro.',
  too_many_passkeys: 'Tiene el máximo de claves de acceso. Elimine una para añadir otra.',
  user_sso_managed: 'Su organización gestiona esta cuenta. Cámbiela allí.',
  webauthn_challenge_not_found: 'Ha tardado demasiado o ya se completó. Inténtelo de nuevo.',
  webauthn_credential_exists: 'Este dispositivo ya está registrado.',
}
