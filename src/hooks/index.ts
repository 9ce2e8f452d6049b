/** Every supported hook. A new one is a file in this folder, a line in the list, and its call in the core. */
import { afterUserCreated } from './after-user-created'
import { beforeUserCreated } from './before-user-created'
import { customAccessToken } from './custom-access-token'
import { mfaVerification } from './mfa-verification'
import { passwordVerification } from './password-verification'
import { sendEmail } from './send-email'
import { sendSms } from './send-sms'

export const HOOKS = {
  sendEmail,
  sendSms,
  mfaVerification,
  passwordVerification,
  customAccessToken,
  beforeUserCreated,
  afterUserCreated,
}

export type HookKey = keyof typeof HOOKS
export const HOOK_KEYS = Object.keys(HOOKS) as HookKey[]
