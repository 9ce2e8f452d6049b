/** Verification mails with a link and a code, one for each purpose: their cooldown, token and audit entry. */
import type { AuthenticationMethod } from '../../lib/assurance'
import type { JsonObject } from '../../lib/json'
import type { MailTemplate } from '../../lib/mail-templates'
import type { Account, DroppedSignUp, SentAtColumn, User, VerificationKind } from '../../store'
import { type Action, auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { type CodeChallenge, newFlow } from '../tokens/pkce'
import { type MintedToken, mintToken } from '../tokens/verification-token'
import { prepareMail } from './mail'
import { withSendCooldown } from './send-cooldown'
import { sendAndRecord } from './store-then-send'

interface PurposeDetails {
  template: MailTemplate
  kind: VerificationKind
  /** Magic link and recovery share a column, as in GoTrue. */
  column: SentAtColumn
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
  challenge: CodeChallenge | undefined
  redirectTo: string
  /** The payload of the token. */
  payload?: string | undefined
  /** Data of an unconfirmed sign-up that the request removes. */
  dropped?: DroppedSignUp
  /** Whether the hook is called from the queue, without a waiting request. */
  isQueued?: boolean
  /** Further values for the template. */
  values?: JsonObject
}

/** Mails a token to an account. */
export async function sendTokenMail(context: Context, mailed: TokenMail): Promise<Account> {
  const { user, purpose, redirectTo, dropped = {}, values = {}, isQueued = false } = mailed
  const { template, column, action } = PURPOSES[purpose]
  const { cooldownMs } = context.policy.mail
  const lastSend = { column, sentAt: user[column] }
  return withSendCooldown(context, { user, channel: 'mail', lastSend }, async (current, tooSoon) => {
    const { token, flow } = mintMailToken(current, mailed)
    const after = { ...user, ...dropped, [column]: current.now }
    const copy = { to: user.email, token, ...(purpose === 'reauthentication' && { link: '' }) }
    const outgoing = await prepareMail(current, { template, user: after, copies: [copy], redirectTo, values, isQueued })
    const { account } = await sendAndRecord(current, {
      user,
      outgoing,
      request: { column, cooldownMs, mint: [token.minting], flow, pending: dropped },
      requestSession: undefined,
      tooSoon,
      audit: [auditEntry(current, action, user)],
    })
    return account
  })
}

/** The token of a mail, and the PKCE flow it completes if the client requested one. */
export function mintMailToken(
  context: Context,
  { user, purpose, challenge, payload }: Pick<TokenMail, 'user' | 'purpose' | 'challenge' | 'payload'>,
) {
  const { kind, method } = PURPOSES[purpose]
  const flow = challenge && newFlow(context, user.id, challenge, method)
  const token: MintedToken = mintToken(context, {
    kind,
    family: 'supabase',
    to: { email: user.email },
    userId: user.id,
    code: 'random',
    flowId: flow?.id,
    ...(payload !== undefined && { payload }),
  })
  return { token, flow }
}
