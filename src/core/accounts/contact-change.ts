/** A new address or number for an account: requested, then confirmed from where the message was delivered. */
import type { Account, AuditEntry, User, UserChange, VerificationFamily } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { pageLink, prepareMail } from '../messages/mail'
import { changeAndSend } from '../messages/send-after-storing'
import { type Channel, prepareSms } from '../messages/sms'
import { withSendCooldown } from '../messages/verification-mail'
import { type Challenge, newFlow } from '../tokens/pkce'
import { mintToken } from '../tokens/verification-token'

/** Changes that are written in the same operation. */
export type RelatedChanges = Pick<
  UserChange,
  | 'actor'
  | 'verifiedPasswordHash'
  | 'endSessions'
  | 'invalidateTokens'
  | 'mergeAppMetaData'
  | 'mergeUserMetaData'
  | 'identities'
  | 'upsertIdentity'
  | 'describeProviders'
  | 'spend'
  | 'messages'
> & { set?: UserChange['set']; audit?: AuditEntry[] }

export interface EmailChange {
  user: User
  /** The new address, normalized. */
  email: string
  challenge: Challenge | undefined
  redirectTo: string
  related?: RelatedChanges
  /**
   * The requesting surface: below `/api/auth` the links lead to `redirectTo` itself, with the token and without a code.
   */
  family?: VerificationFamily
  /** Whether it repeats the pending change; a confirmation already given is kept then. */
  isRepeat?: boolean
}

/**
 * Mails the new address and, with secure email change, the current one too, each with its own token. Below `/api/auth`
 * a notice is sent to a current address that does not need to confirm (docs/decisions.md#d17).
 */
export async function changeEmail(
  context: Context,
  { user, email, challenge, redirectTo, family = 'supabase', related = {}, isRepeat = false }: EmailChange,
): Promise<Account> {
  const { policy } = context
  const missing =
    isRepeat && user.emailChangeConfirmStatus === 1 ? await unconfirmedAddress(context, user, email) : undefined
  const { cooldownMs } = policy.mail
  const lastSend = { column: 'emailChangeSentAt' as const, sentAt: user.emailChangeSentAt, cooldownMs }
  return withSendCooldown(
    context,
    { user, lastSend, refusal: 'mail_too_soon' },
    async (current, { unlessSentSince, tooSoon }) => {
      const { now } = current
      const flow = challenge && newFlow(current, user.id, challenge, 'email_change')
      const recipients = missing === undefined ? emailChangeRecipients(current, user, email, family) : [missing]
      const copies = recipients.map((to) => {
        const token = mintEmailChange(current, { user, to, email, family, flowId: flow?.id })
        return { to, token, ...(family === 'service' && { link: pageLink(redirectTo, token.plaintext) }) }
      })
      const set: UserChange['set'] = missing === undefined ? { emailChange: email, emailChangeConfirmStatus: 0 } : {}
      const sentSet = { ...related.set, emailChangeSentAt: now }
      const after = { ...user, ...set, ...sentSet }
      const mail = { user: after, redirectTo, isQueued: family === 'service' }
      const outgoing = prepareMail(current, { ...mail, template: 'email_change', copies })
      if (family === 'service' && recipients.length === 1 && user.email !== null)
        outgoing.messages.push(
          ...prepareMail(current, { ...mail, template: 'email_change_notice', copies: [{ to: user.email }] }).messages,
        )
      const mint = copies.map(({ token }) => token.minting)
      const audit = related.audit ?? [auditEntry(current, 'user_modified', user)]
      const { account } = await changeAndSend(current, {
        ...{ user, outgoing, tooSoon },
        pending: { set, unlessSentSince, flow, mint, ...(related.actor && { actor: related.actor }) },
        sent: { ...related, set: sentSet, audit },
      })
      return account
    },
  )
}

/** The address that has not confirmed yet, whose token was not used. */
async function unconfirmedAddress(
  { store }: Context,
  { id, email: current }: User,
  email: string,
): Promise<string | undefined> {
  for (const side of [current, email]) {
    const pending = side === null ? [] : await store.pendingTokens({ email: side })
    if (side !== null && pending.some(({ kind, userId }) => kind === 'email_change' && userId === id)) return side
  }
  return undefined
}

/** The current address first, if it has to confirm. */
function emailChangeRecipients(
  { policy }: Context,
  { email: current }: User,
  email: string,
  family: VerificationFamily,
): string[] {
  const asksBoth = policy.mail.secureChange && !(family === 'service' && policy.signup.autoconfirmsEmail)
  return asksBoth && current !== null ? [current, email] : [email]
}

export const pendingEmail = (email: string, now: number) => ({
  emailChange: email,
  emailChangeSentAt: now,
  emailChangeConfirmStatus: 0,
})

export function mintEmailChange(context: Context, { user, to, email, family = 'supabase', flowId }: EmailChangeToken) {
  return mintToken(context, {
    ...{ kind: 'email_change', family, to: { email: to }, userId: user.id, payload: email, flowId },
    ...(family === 'supabase' && { code: 'random' }),
  })
}

interface EmailChangeToken {
  user: User
  /** Where it is delivered. */
  to: string
  /** The new address. */
  email: string
  family?: VerificationFamily
  flowId?: string | undefined
}

export interface PhoneChange {
  user: User
  /** The new number, in the form that is stored. */
  phone: string
  channel: Channel
  related?: RelatedChanges
}

/** Sends a code to the new number. */
export async function changePhone(
  context: Context,
  { user, phone, channel, related = {} }: PhoneChange,
): Promise<{ account: Account; messageId: string | undefined }> {
  const { policy } = context
  const { cooldownMs } = policy.sms
  const lastSend = { column: 'phoneChangeSentAt' as const, sentAt: user.phoneChangeSentAt, cooldownMs }
  return withSendCooldown(
    context,
    { user, lastSend, refusal: 'sms_too_soon' },
    async (current, { unlessSentSince, tooSoon }) => {
      const { now } = current
      const set = { phoneChange: phone }
      const sentSet = { ...related.set, phoneChangeSentAt: now }
      const after = { ...user, ...set, ...sentSet }
      const sms = prepareSms(current, { kind: 'phone_change', phone, user: after, channel })
      const audit = related.audit ?? [auditEntry(current, 'user_modified', user)]
      const { account, messageId } = await changeAndSend(current, {
        ...{ user, now, outgoing: sms, tooSoon },
        pending: { set, unlessSentSince, mint: [sms.token.minting], ...(related.actor && { actor: related.actor }) },
        sent: { ...related, set: sentSet, audit },
      })
      return { account, messageId: messageId ?? sms.messageId }
    },
  )
}
