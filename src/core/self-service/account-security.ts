/** What a user can change about their sign-in, and what each change requires (`GET /user/security`). */
import { awaitedAddresses, needsBothAddresses } from '../accounts/contact-change'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { mayUnlink } from '../oauth/linking'
import { type PasswordRequirements, passwordRequirements } from '../passwords/password-change'
import { needsSecondFactor } from '../users/second-factor-status'

export interface AccountSecurity {
  password: PasswordRequirements & { isSet: boolean }
  emailChange: {
    /** Whether the current address has to confirm a new one as well. */
    needsBoth: boolean
    /** The addresses that have to confirm the pending change; empty if there is none. */
    awaits: readonly string[]
  }
  /** Whether a code can be sent to a new number. */
  canChangePhone: boolean
  /** False for the last identity, or if linking is disabled. */
  canUnlink: boolean
  /** Whether the session has to pass a second factor before these changes. */
  needsSecondFactor: boolean
  /** Undefined if the user has none. */
  recoveryCodes: { total: number; remaining: number } | undefined
}

/** A page can ask before the user tries, since each requirement that is not met is a refusal. */
export async function accountSecurity(context: Context, { caller }: { caller: Caller }): Promise<AccountSecurity> {
  const { policy, store } = context
  const { user } = caller
  const codes = user.factorCount === 0 ? undefined : await store.findRecoveryCodes(user.id)
  return {
    password: { isSet: user.encryptedPassword !== null, ...(await passwordRequirements(context, caller)) },
    emailChange: {
      needsBoth: needsBothAddresses(context, user),
      awaits: await awaitedAddresses(context, user),
    },
    canChangePhone: policy.sms.delivery !== 'none',
    canUnlink: mayUnlink(context, await store.findIdentities(user.id)),
    needsSecondFactor: await needsSecondFactor(context, caller),
    recoveryCodes: codes && { total: codes.total, remaining: codes.remaining },
  }
}
