/** A new address or number for an account: asked for, then confirmed from where it is delivered (contract 6.6). */
import type { Account, AuditEntry, User, UserChange } from '../store'
import { auditEntry } from './audit'
import type { Client, Deps } from './deps'
import { prepareMail } from './mail'
import { inItsTurn } from './mailed-tokens'
import { changedAccount } from './outcomes'
import { type Challenge, newFlow } from './pkce'
import { type Channel, sendSms } from './sms'
import { mint } from './verification'

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
  /** Whether it is the pending change once more, of which a confirmation that has come stays. */
  isRepeat?: boolean
}

/**
 * Mails the new address, and in secure mode the present one too, each with a link and a code of its own.
 * @throws {Refusal<'mail_too_soon' | 'email_taken' | …>}
 */
export async function changeEmail(
  deps: Deps,
  { user, email, challenge, redirectTo, client, besides = {}, isRepeat = false }: EmailChange,
): Promise<Account> {
  const { store, clock, policy } = deps
  const missing = isRepeat && user.emailChangeConfirmStatus === 1 ? await unconfirmedSide(deps, user, email) : undefined
  const now = clock.now()
  const { spacingMs } = policy.mail
  const spaced = { column: 'emailChangeSentAt' as const, sentAt: user.emailChangeSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'mail_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const flow = challenge && newFlow(deps, now, user.id, challenge, 'email_change')
    const recipients = missing === undefined ? emailChangeRecipients(deps, user, email) : [missing]
    const letters = recipients.map((to) => ({
      to,
      token: mintEmailChange(deps, now, { user, to, email, flowId: flow?.id }),
    }))
    const set = { ...besides.set, ...(missing === undefined ? pendingEmail(email, now) : { emailChangeSentAt: now }) }
    const after = { ...user, ...set }
    const messages = await prepareMail(deps, now, {
      template: 'email_change',
      user: after,
      letters,
      redirectTo,
      client,
    })
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
export function emailChangeRecipients({ policy }: Pick<Deps, 'policy'>, { email: current }: User, email: string) {
  return policy.mail.secureChange && current !== null ? [current, email] : [email]
}

export const pendingEmail = (email: string, now: number) => ({
  emailChange: email,
  emailChangeSentAt: now,
  emailChangeConfirmStatus: 0,
})

export function mintEmailChange(
  deps: Deps,
  now: number,
  { user, to, email, flowId }: { user: User; to: string; email: string; flowId?: string | undefined },
) {
  const { id: userId } = user
  return mint(deps, now, {
    ...{ kind: 'email_change', family: 'supabase', to: { email: to }, userId, payload: email, code: 'random', flowId },
  })
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
