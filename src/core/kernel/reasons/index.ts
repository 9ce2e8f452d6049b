/** Every reason for an expected refusal: a closed list, for which each surface has its own error. */
import type { AccessReason, SessionReason } from './access'
import type { AccountReason, PasswordReason } from './account'
import type { AdministrationReason } from './administration'
import type { CaptchaReason } from './captcha'
import type { CustomProviderReason } from './custom-provider'
import type { FactorReason, PasskeyReason } from './factor'
import type { FederationReason } from './federation'
import type { HookReason, HookRejection } from './hook'
import type { MessageReason, PkceReason, VerificationReason } from './message'
import type { OAuthReason } from './oauth'
import type { InputReason, LoadReason } from './request'
import type { Web3Reason } from './web3'

export type Reason =
  | AccessReason
  | SessionReason
  | AccountReason
  | PasswordReason
  | FactorReason
  | PasskeyReason
  | FederationReason
  | HookReason
  | CaptchaReason
  | HookRejection
  | MessageReason
  | PkceReason
  | VerificationReason
  | OAuthReason
  | CustomProviderReason
  | Web3Reason
  | InputReason
  | AdministrationReason
  | LoadReason
