import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: 'Esta não é a sua senha atual.',
  current_password_required: 'Digite a sua senha atual.',
  email_conflict_identity_not_deletable:
    'Esta conta não pode ser desvinculada, pois o endereço dela pertence aqui a outra conta.',
  identity_already_exists: 'Esta conta já está vinculada, a você ou a outra pessoa.',
  insufficient_aal: 'Confirme antes a segunda etapa.',
  manual_linking_disabled: 'Este serviço não permite vincular contas.',
  mfa_factor_name_conflict: 'Você já tem um método com este nome. Escolha outro.',
  mfa_verified_factor_exists: 'Você já tem um método deste tipo. Remova-o antes.',
  mfa_factor_not_found: 'Este método foi removido entretanto. Escolha outro.',
  mfa_ip_address_mismatch: 'A sua rede mudou entretanto. Tente novamente.',
  mfa_recovery_codes_sole_factor: 'Os códigos de recuperação exigem outro método.',
  not_offered: 'Este serviço não oferece isto.',
  passkey_disabled: 'Este serviço não oferece chaves de acesso.',
  phone_exists: 'Este número já é usado por outra conta.',
  reauthentication_needed: 'Peça antes um código e digite-o.',
  reauthentication_not_valid: 'Este código está errado ou expirou. Peça outro.',
  single_identity_not_deletable: 'A última forma de entrar não pode ser removida.',
  too_many_enrolled_mfa_factors: 'Você tem o número máximo de métodos. Remova um para adicionar outro.',
  too_many_passkeys: 'Você tem o número máximo de chaves de acesso. Remova uma para adicionar outra.',
  user_sso_managed: 'A sua organização gerencia esta conta. Altere-a lá.',
  webauthn_challenge_not_found: 'Demorou demais ou já foi concluído. Tente novamente.',
  webauthn_credential_exists: 'Este dispositivo já está registrado.',
}
