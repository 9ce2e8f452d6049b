import type { ViewErrorsTexts } from '../texts'

export const viewErrors: ViewErrorsTexts = {
  current_password_invalid: '現在のパスワードと一致しません。',
  current_password_required: '現在のパスワードを入力してください。',
  email_conflict_identity_not_deletable:
    'このアカウントのアドレスは別のアカウントで使われているため、連携を解除できません。',
  identity_already_exists: 'このアカウントはすでに連携されています。',
  insufficient_aal: '先に 2 段階目の確認を行ってください。',
  manual_linking_disabled: 'このサービスではアカウントを連携できません。',
  mfa_factor_name_conflict: '同じ名前の方法がすでにあります。別の名前にしてください。',
  mfa_verified_factor_exists: 'この種類の方法はすでにあります。先に削除してください。',
  mfa_factor_not_found: 'この認証方法は削除されています。別の方法を選んでください。',
  mfa_ip_address_mismatch: '途中でネットワークが変わりました。もう一度お試しください。',
  mfa_recovery_codes_sole_factor: '回復コードには、ほかの認証方法も必要です。',
  not_offered: 'このサービスでは利用できません。',
  passkey_disabled: 'このサービスではパスキーを利用できません。',
  phone_exists: 'この番号はすでに別のアカウントで使われています。',
  reauthentication_needed: '先にコードを請求し、入力してください。',
  reauthentication_not_valid: 'コードが違うか、有効期限が切れています。新しいコードを請求してください。',
  single_identity_not_deletable: '最後のログイン方法は削除できません。',
  too_many_enrolled_mfa_factors: '認証方法の数が上限に達しています。追加するには、いずれかを削除してください。',
  too_many_passkeys: 'パスキーの数が上限に達しています。追加するには、いずれかを削除してください。',
  user_sso_managed: 'このアカウントは所属組織が管理しています。変更はそちらで行ってください。',
  webauthn_challenge_not_found: '時間切れか、すでに完了しています。もう一度お試しください。',
  webauthn_credential_exists: 'この端末はすでに登録されています。',
}
