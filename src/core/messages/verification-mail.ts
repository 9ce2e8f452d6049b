/** Verification mails with a link and a code, one for each purpose: their cooldown, token and audit entry. */

import type { AuthenticationMethod } from '../../lib/assurance'
import type { JsonObject } from '../../lib/json'
import { isWithin, remainingMs } from '../../lib/time'
import type { Account, User, UserChange, VerificationKind } from '../../store'
import { type Action, auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import type { MailTemplate } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { type Challenge, newFlow } from '../tokens/pkce'
import { type MintedToken, mintToken } from '../tokens/verification-token'
import { prepareMail } from './mail'
import { changeAndSend } from './send-after-storing'

type SentAt = NonNullable<UserChange['unlessSentSince']>['column']

interface PurposeDetails {
  template: MailTemplate
  kind: VerificationKind
  /** Magic link and recovery share a column, as in GoTrue. */
  column: SentAt
  /** The `amr` method of a session that results from it through PKCE. */
  method: AuthenticationMethod
  action: Action
}

const PURPOSES = {
  signup: {
    template: 'confirmation',
    kind: 'signup',
    column: 'confirmationSentAt',
    method: 'email/signup',
    action: 'user_confirmation_requested',
  },
  invite: {
    template: 'invite',
    kind: 'invite',
    column: 'confirmationSentAt',
    method: 'invite',
    action: 'user_invited',
  },
  magiclink: {
    template: 'magic_link',
    kind: 'magic_link',
    column: 'recoverySentAt',
    method: 'magiclink',
    action: 'user_recovery_requested',
  },
  recovery: {
    template: 'recovery',
    kind: 'password_reset',
    column: 'recoverySentAt',
    method: 'recovery',
    action: 'user_recovery_requested',
  },
  reauthentication: {
    template: 'reauthentication',
    kind: 'reauthentication',
    column: 'reauthenticationSentAt',
    method: 'otp',
    action: 'user_reauthenticate_requested',
  },
} satisfies Record<string, PurposeDetails>

export type Purpose = keyof typeof PURPOSES

export const purposeDetails = (purpose: Purpose): PurposeDetails => PURPOSES[purpose]

export interface TokenMail {
  user: User & { email: string }
  purpose: Purpose
  challenge: Challenge | undefined
  redirectTo: string
  /** The payload of the token. */
  payload?: string | undefined
  /** Additional columns to change. */
  set?: Partial<User>
  /** Whether the hook is called from the queue, without a waiting request. */
  isQueued?: boolean
  /** Further values for the template. */
  values?: JsonObject
  /** Whether it ignores the cooldown. */
  skipsCooldown?: boolean
}

/** Mails a token to an account. */
export async function sendTokenMail(context: Context, mailed: TokenMail): Promise<Account> {
  const { user, purpose, redirectTo, set = {}, values = {}, skipsCooldown = false, isQueued = false } = mailed
  const { template, column, action } = PURPOSES[purpose]
  const lastSend = skipsCooldown
    ? undefined
    : { column, sentAt: user[column], cooldownMs: context.policy.mail.cooldownMs }
  return withSendCooldown(
    context,
    { user, lastSend, refusal: 'mail_too_soon' },
    async (current, { unlessSentSince, tooSoon }) => {
      const { now } = current
      const { token, flow } = mintMailToken(current, mailed)
      const after = { ...user, ...set, [column]: now }
      const letter = { to: user.email, token, ...(purpose === 'reauthentication' && { link: '' }) }
      const outgoing = prepareMail(current, {
        ...{ template, user: after, copies: [letter], redirectTo, values, isQueued },
      })
      const { account } = await changeAndSend(current, {
        ...{ user, outgoing, tooSoon },
        pending: { set, unlessSentSince, mint: [token.minting], flow },
        sent: { set: { [column]: now }, audit: [auditEntry(current, action, user)] },
      })
      return account
    },
  )
}

/** The token of a mail, and the PKCE flow it completes if the client requested one. */
export function mintMailToken(
  context: Context,
  { user, purpose, challenge, payload }: Pick<TokenMail, 'user' | 'purpose' | 'challenge' | 'payload'>,
) {
  const { kind, method } = PURPOSES[purpose]
  const flow = challenge && newFlow(context, user.id, challenge, method)
  const token: MintedToken = mintToken(context, {
    ...{ kind, family: 'supabase', to: { email: user.email }, userId: user.id, code: 'random' },
    flowId: flow?.id,
    ...(payload !== undefined && { payload }),
  })
  return { token, flow }
}

interface SendCooldown {
  user: Pick<User, 'id'>
  /** The last message with this purpose; undefined if no cooldown applies. */
  lastSend: Cooldown | undefined
  refusal: CooldownReason
}

type Cooldown = { cooldownMs: number } & (
  | { column: SentAt; sentAt: number | null }
  /** For state without a column of its own: a name for it, and how to look up when the last one was sent. */
  | { name: string; lastSentAt: () => Promise<number | null> }
)

type CooldownReason = 'mail_too_soon' | 'sms_too_soon'

/** The settings of the cooldown. */
export const COOLDOWN_SETTINGS: Record<CooldownReason, string> = {
  mail_too_soon: 'AUTH_SMTP_MAX_FREQUENCY',
  sms_too_soon: 'AUTH_SMS_MAX_FREQUENCY',
}

/** What the store operation needs to enforce the cooldown. */
export interface CooldownGuard {
  unlessSentSince: UserChange['unlessSentSince']
  /** The refusal if the operation finds a later message after all. */
  tooSoon(sentAt: number): Refusal
}

/**
 * Sends a message unless the last one with its purpose is too recent or another one is being sent.
 * @param work sends the message, in a context with the time that was compared
 */
export async function withSendCooldown<T>(
  context: Context,
  { user, lastSend, refusal }: SendCooldown,
  work: (current: Context, guard: CooldownGuard) => Promise<T>,
): Promise<T> {
  // A concurrent request that arrived earlier may reach this point later.
  const current = withCurrentTime(context)
  const { limits, now } = current
  const cooldownMs = lastSend?.cooldownMs ?? 0
  const tooSoon = (sentAt: number) =>
    new Refusal(refusal, { waitMs: remainingMs(sentAt, cooldownMs, now), limit: COOLDOWN_SETTINGS[refusal] })
  if (!lastSend) return work(current, { unlessSentSince: undefined, tooSoon })
  const requireSpace = (sentAt: number | null) => {
    if (isWithin(sentAt, cooldownMs, now)) throw tooSoon(sentAt)
  }
  if ('column' in lastSend) requireSpace(lastSend.sentAt)
  const done = limits.exclusive(`${'column' in lastSend ? lastSend.column : lastSend.name} ${user.id}`)
  if (!done) throw tooSoon(now)
  try {
    if ('name' in lastSend) requireSpace(await lastSend.lastSentAt())
    const unlessSentSince = 'column' in lastSend ? { column: lastSend.column, cooldownMs } : undefined
    return await work(current, { unlessSentSince, tooSoon })
  } finally {
    done()
  }
}
