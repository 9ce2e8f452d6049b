import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: '这不是您当前的密码。',
  current_password_required: '请输入当前密码。',
  email_conflict_identity_not_deletable: '无法取消关联此账户，因为其邮箱在此属于另一个账户。',
  identity_already_exists: '此账户已关联到您或其他用户。',
  insufficient_aal: '请先完成第二步验证。',
  manual_linking_disabled: '本服务不允许关联账户。',
  mfa_factor_name_conflict: '您已有同名的验证方式，请使用其他名称。',
  mfa_verified_factor_exists: '您已有此类验证方式，请先将其移除。',
  passkey_disabled: '本服务不提供通行密钥。',
  phone_exists: '此号码已被另一个账户使用。',
  reauthentication_needed: '请先获取验证码并输入。',
  reauthentication_not_valid: '验证码错误或已过期，请重新获取。',
  single_identity_not_deletable: '无法移除最后一种登录方式。',
  too_many_enrolled_mfa_factors: '验证方式数量已达上限。请先移除一个再添加。',
  too_many_passkeys: '通行密钥数量已达上限。请先移除一个再添加。',
  user_sso_managed: '此账户由您的组织管理，请在该处更改。',
  webauthn_challenge_not_found: '操作超时或已完成，请重试。',
  webauthn_credential_exists: '此设备已注册。',
}
