/** A new address or number for an account: asked for, then confirmed from where it is delivered (contract 6.6). */
import type { Account, AuditEntry, User, UserChange, VerificationFamily } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { pageLink, prepareMail } from '../messages/mail'
import { inItsTurn } from '../messages/mailed-tokens'
import { type Channel, sendSms } from '../messages/sms'
import { changedAccount } from '../outcomes'
import { type Challenge, newFlow } from '../sign-in/pkce'
import { mint } from '../tokens/verification-token'

/** What else changes along with it. */
export type Besides = Pick<
  UserChange,
  | 'actor'
  | 'provenPassword'
  | 'endSessions'
  | 'killTokens'
  | 'mergeAppMetaData'
  | 'mergeUserMetaData'
  | 'identities'
  | 'putIdentity'
  | 'describeProviders'
  | 'spend'
  | 'messages'
> & { set?: UserChange['set']; audit?: AuditEntry[] }

export interface EmailChange {
  user: User
  /** The new address, in the form that is stored. */
  email: string
  challenge: Challenge | undefined
  redirectTo: string
  client: Client
  besides?: Besides
  /** Who asks: below `/api/auth` the links lead to `redirectTo` itself, with the token and without a code. */
  family?: VerificationFamily
  /** Whether it is the pending change once more, of which a confirmation that has come stays. */
  isRepeat?: boolean
}

/**
 * Mails the new address, and in secure mode the present one too, each with a token of its own. Below `/api/auth` a present
 * address that need not agree is told (settled 17).
 * @throws {Refusal<'mail_too_soon' | 'email_taken' | …>}
 */
export async function changeEmail(
  deps: Deps,
  { user, email, challenge, redirectTo, client, family = 'supabase', besides = {}, isRepeat = false }: EmailChange,
): Promise<Account> {
  const { store, clock, policy } = deps
  const missing = isRepeat && user.emailChangeConfirmStatus === 1 ? await unconfirmedSide(deps, user, email) : undefined
  const now = clock.now()
  const { spacingMs } = policy.mail
  const spaced = { column: 'emailChangeSentAt' as const, sentAt: user.emailChangeSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'mail_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const flow = challenge && newFlow(deps, now, user.id, challenge, 'email_change')
    const recipients = missing === undefined ? emailChangeRecipients(deps, user, email, family) : [missing]
    const letters = recipients.map((to) => {
      const token = mintEmailChange(deps, now, { user, to, email, family, flowId: flow?.id })
      return { to, token, ...(family === 'service' && { link: pageLink(redirectTo, token.plaintext) }) }
    })
    const set = { ...besides.set, ...(missing === undefined ? pendingEmail(email, now) : { emailChangeSentAt: now }) }
    const after = { ...user, ...set }
    const mail = { user: after, redirectTo, client, isQueued: family === 'service' }
    const messages = await prepareMail(deps, now, { ...mail, template: 'email_change', letters })
    if (family === 'service' && recipients.length === 1 && user.email !== null)
      messages.push(
        ...(await prepareMail(deps, now, { ...mail, template: 'email_change_notice', letters: [{ to: user.email }] })),
      )
    const changed = await store.changeUser({
      ...{ ...besides, id: user.id, now, set, unlessSentSince, flow },
      messages: [...(besides.messages ?? []), ...messages],
      mint: letters.map(({ token }) => token.minting),
      audit: besides.audit ?? [auditEntry(deps, now, 'user_modified', user)],
    })
    return changedAccount(changed, tooSoon)
  })
}

/** Which of the two addresses has still to agree: the one whose token was not used. */
async function unconfirmedSide(
  { store }: Deps,
  { id, email: current }: User,
  email: string,
): Promise<string | undefined> {
  for (const side of [current, email]) {
    const pending = side === null ? [] : await store.pendingTokens({ email: side })
    if (side !== null && pending.some(({ kind, userId }) => kind === 'email_change' && userId === id)) return side
  }
  return undefined
}

/** The present address first, where it has to agree. */
function emailChangeRecipients(
  { policy }: Deps,
  { email: current }: User,
  email: string,
  family: VerificationFamily,
): string[] {
  const asksBoth = policy.mail.secureChange && !(family === 'service' && policy.signup.confirmsEmail)
  return asksBoth && current !== null ? [current, email] : [email]
}

export const pendingEmail = (email: string, now: number) => ({
  emailChange: email,
  emailChangeSentAt: now,
  emailChangeConfirmStatus: 0,
})

export function mintEmailChange(
  deps: Deps,
  now: number,
  { user, to, email, family = 'supabase', flowId }: EmailChangeToken,
) {
  return mint(deps, now, {
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
  client: Client
  besides?: Besides
}

/** Sends a code to the new number. @throws {Refusal<'sms_too_soon' | 'sms_failed' | 'sms_unavailable' | 'phone_taken' | …>} */
export async function changePhone(
  deps: Deps,
  { user, phone, channel, client, besides = {} }: PhoneChange,
): Promise<{ account: Account; messageId: string | undefined }> {
  const { store, clock, policy } = deps
  const now = clock.now()
  const { spacingMs } = policy.sms
  const spaced = { column: 'phoneChangeSentAt' as const, sentAt: user.phoneChangeSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'sms_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const set = { ...besides.set, phoneChange: phone, phoneChangeSentAt: now }
    const sms = await sendSms(deps, now, { kind: 'phone_change', phone, user: { ...user, ...set }, channel, client })
    const changed = await store.changeUser({
      ...{ ...besides, id: user.id, now, set, unlessSentSince },
      messages: [...(besides.messages ?? []), ...sms.messages],
      mint: [sms.token.minting],
      audit: besides.audit ?? [auditEntry(deps, now, 'user_modified', user)],
    })
    return { account: changedAccount(changed, tooSoon), messageId: sms.messageId }
  })
}
