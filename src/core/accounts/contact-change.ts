/** A new address or number for an account: requested, then confirmed with the link or code in the message to it. */
import type {
  Account,
  AccountUpdate,
  MessageRecord,
  PendingContact,
  PendingEmail,
  RequestSession,
  TokenSurface,
  User,
} from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { pageLink, prepareMail } from '../messages/mail'
import type { Outgoing } from '../messages/messages'
import { type TooSoon, withSendCooldown } from '../messages/send-cooldown'
import { type Channel, prepareSms } from '../messages/sms'
import { type AccountMessage, sendAndRecord, sendAndSave } from '../messages/store-then-send'
import { type CodeChallenge, newFlow } from '../tokens/pkce'
import { mintToken } from '../tokens/verification-token'
import { pendingContacts } from './pending-contacts'

/** A change of the account that comes with the request for a new address or number. */
export interface AccompanyingChange<Pending extends PendingContact, Saved> {
  requestSession: RequestSession
  /** The account as the change leaves it, for the message. */
  shown: User
  /** Saves the change and the record of the message in one operation. @throws {Refusal} */
  save(current: Context, message: MessageRecord<Pending>, tooSoon: TooSoon): Promise<Saved>
}

export interface EmailChange {
  user: User
  /** The new address, normalized. */
  email: string
  challenge: CodeChallenge | undefined
  redirectTo: string
  /**
   * The requesting surface: below `/api/auth` the links lead to `redirectTo` itself, with the token and without a code.
   */
  family?: TokenSurface
}

/**
 * Mails the new address and, with secure email change, the current one too, each with its own token. Below `/api/auth`
 * a notice is sent to a current address that does not need to confirm (docs/decisions.md#d17).
 * @throws {Refusal} also the refusals of `save`
 */
export async function sendEmailChange<Saved>(
  context: Context,
  change: EmailChange,
  { requestSession, shown, save }: AccompanyingChange<PendingEmail, Saved>,
): Promise<Saved> {
  const { saved } = await withContactCooldown(
    context,
    {
      contact: 'email',
      user: change.user,
      requestSession,
      prepare: (current) => emailChangeMail(current, change, shown),
    },
    (current, message) => sendAndSave(current, message, (record) => save(current, record, message.tooSoon)),
  )
  return saved
}

/** Repeats the mails of a pending change; a confirmation already given is kept. */
export async function resendEmailChange(context: Context, change: EmailChange): Promise<void> {
  const { user, email } = change
  const missing = isHalfConfirmed(user) ? await unconfirmedAddress(context, user, email) : undefined
  await withContactCooldown(
    context,
    {
      contact: 'email',
      user,
      requestSession: undefined,
      prepare: (current) => emailChangeMail(current, change, user, missing),
    },
    recordOnly(user),
  )
}

export interface PhoneChange {
  user: User
  /** The new number, in the form that is stored. */
  phone: string
  channel: Channel
}

/** Sends a code to the new number. @throws {Refusal} also the refusals of `save` */
export async function sendPhoneChange<Saved>(
  context: Context,
  change: PhoneChange,
  { requestSession, shown, save }: AccompanyingChange<PendingContact, Saved>,
): Promise<Saved> {
  const { saved } = await withContactCooldown(
    context,
    {
      contact: 'phone',
      user: change.user,
      requestSession,
      prepare: (current) => phoneChangeSms(current, change, shown),
    },
    (current, message) => sendAndSave(current, message, (record) => save(current, record, message.tooSoon)),
  )
  return saved
}

/** Repeats the code of a pending change. */
export async function resendPhoneChange(
  context: Context,
  change: PhoneChange,
): Promise<{ messageId: string | undefined }> {
  const { user } = change
  return withContactCooldown(
    context,
    { contact: 'phone', user, requestSession: undefined, prepare: (current) => phoneChangeSms(current, change, user) },
    recordOnly(user),
  )
}

const recordOnly = (user: User) => (current: Context, message: AccountMessage) =>
  sendAndRecord(current, { ...message, audit: [auditEntry(current, 'user_modified', user)] })

/** A message, with its tokens and flow. */
type PreparedMessage<Pending extends PendingContact> = Pick<
  AccountMessage<Pending>['request'],
  'mint' | 'flow' | 'pending'
> & { outgoing: Outgoing & { messageId?: string } }

interface ContactMessage<Pending extends PendingContact> {
  contact: 'email' | 'phone'
  user: User
  requestSession: RequestSession | undefined
  prepare(current: Context): Promise<PreparedMessage<Pending>>
}

/** Prepares a message about a new contact and sends it, unless the last one is too recent. */
async function withContactCooldown<Pending extends PendingContact, Sent extends { messageId: string | undefined }>(
  context: Context,
  { contact, user, requestSession, prepare }: ContactMessage<Pending>,
  send: (current: Context, message: AccountMessage<Pending>) => Promise<Sent>,
): Promise<Sent> {
  const { column, channel } =
    contact === 'email'
      ? ({ column: 'emailChangeSentAt', channel: 'mail' } as const)
      : ({ column: 'phoneChangeSentAt', channel: 'sms' } as const)
  const { cooldownMs } = context.policy[channel]
  const lastSend = { column, sentAt: user[column] }
  return withSendCooldown(context, { user, channel, lastSend }, async (current, tooSoon) => {
    const { outgoing, mint, flow, pending } = await prepare(current)
    const request = { column, cooldownMs, mint, flow, pending }
    const sent = await send(current, { user, outgoing, request, requestSession, tooSoon })
    return { ...sent, messageId: sent.messageId ?? outgoing.messageId }
  })
}

/** @param missing the address that has not confirmed yet, if the other one has: only it is asked again */
async function emailChangeMail(
  context: Context,
  { user, email, challenge, redirectTo, family = 'supabase' }: EmailChange,
  shown: User,
  missing?: string,
): Promise<PreparedMessage<PendingEmail>> {
  const flow = challenge && newFlow(context, user.id, challenge, 'email_change')
  const recipients = missing === undefined ? emailChangeRecipients(context, user, email, family) : [missing]
  const copies = recipients.map((to) => {
    const token = mintEmailChange(context, { user, to, email, family, flowId: flow?.id })
    return { to, token, ...(family === 'service' && { link: pageLink(redirectTo, token.plaintext) }) }
  })
  const pending: PendingEmail = missing === undefined ? pendingEmail(email) : {}
  const after = { ...shown, ...pending, emailChangeSentAt: context.now }
  const mail = { user: after, redirectTo, isQueued: family === 'service' }
  const outgoing = await prepareMail(context, { ...mail, template: 'email_change', copies })
  if (family === 'service' && recipients.length === 1 && user.email !== null) {
    const noticed = [{ to: user.email }]
    const notice = await prepareMail(context, { ...mail, template: 'email_change_notice', copies: noticed })
    outgoing.messages.push(...notice.messages)
  }
  return { outgoing, mint: copies.map(({ token }) => token.minting), flow, pending }
}

async function phoneChangeSms(
  context: Context,
  { phone, channel }: PhoneChange,
  shown: User,
): Promise<PreparedMessage<PendingContact>> {
  const pending = { phoneChange: phone }
  const after = { ...shown, ...pending, phoneChangeSentAt: context.now }
  const outgoing = await prepareSms(context, { kind: 'phone_change', phone, user: after, channel })
  return { outgoing, mint: [outgoing.token.minting], flow: undefined, pending }
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

/** Whether the current address is asked to confirm a new one as well. */
export const asksBothAddresses = ({ policy }: Pick<Context, 'policy'>, { email }: User): boolean =>
  policy.mail.secureChange && email !== null

/** Whether both have to confirm. With autoconfirm the new address alone is enough, as in GoTrue. */
export const needsBothAddresses = (context: Pick<Context, 'policy'>, user: User): boolean =>
  asksBothAddresses(context, user) && !context.policy.signup.autoconfirmsEmail

const isHalfConfirmed = ({ emailChangeConfirmStatus }: User): boolean => emailChangeConfirmStatus === 1

/** The addresses that have to confirm the pending change, the current one first; empty if there is none. */
export async function awaitedAddresses(context: Context, user: User): Promise<string[]> {
  const { email } = user
  const { email: emailChange } = pendingContacts(user, context.now)
  if (emailChange === null) return []
  if (email === null || !needsBothAddresses(context, user)) return [emailChange]
  if (!isHalfConfirmed(user)) return [email, emailChange]
  const missing = await unconfirmedAddress(context, user, emailChange)
  return missing === undefined ? [] : [missing]
}

/** The current address first, if it is asked; below `/api/auth` only if it has to confirm. */
function emailChangeRecipients(context: Context, user: User, email: string, family: TokenSurface): string[] {
  const asksBoth = family === 'service' ? needsBothAddresses(context, user) : asksBothAddresses(context, user)
  return asksBoth && user.email !== null ? [user.email, email] : [email]
}

export const pendingEmail = (email: string) => ({ emailChange: email, emailChangeConfirmStatus: 0 })

export function mintEmailChange(context: Context, { user, to, email, family = 'supabase', flowId }: EmailChangeToken) {
  return mintToken(context, {
    kind: 'email_change',
    family,
    to: { email: to },
    userId: user.id,
    payload: email,
    flowId,
    ...(family === 'supabase' && { code: 'random' }),
  })
}

interface EmailChangeToken {
  user: User
  /** Where it is delivered. */
  to: string
  /** The new address. */
  email: string
  family?: TokenSurface
  flowId?: string | undefined
}

/** A change of the user's own account. */
export type OwnChange = Omit<AccountUpdate, 'id' | 'now'>

/** The changes of a request that changes nothing but the contact. */
export const contactChangeOnly = (context: Context, user: User, requestSession: RequestSession): OwnChange => ({
  requestSession,
  authorization: undefined,
  password: undefined,
  confirmed: undefined,
  userMetaData: {},
  appMetaData: undefined,
  messages: [],
  audit: [auditEntry(context, 'user_modified', user)],
})

/** The request for a new contact, accompanied by a change of the user's own account. @param shown the account after it */
export const accompaniedBy = (change: OwnChange, shown: User): AccompanyingChange<PendingContact, Account> => ({
  requestSession: change.requestSession,
  shown,
  async save({ store, now }, message, tooSoon) {
    const changed = await store.requestContactChange({ ...change, id: shown.id, now, message })
    switch (changed.outcome) {
      case 'changed':
        return changed.account
      case 'sent_recently':
        throw tooSoon(changed.sentAt)
      default:
        throw ownChangeRefusal(changed.outcome)
    }
  },
})

type OwnChangeOutcome = Exclude<Awaited<ReturnType<Context['store']['updateOwnAccount']>>['outcome'], 'changed'>

export const ownChangeRefusal = (outcome: OwnChangeOutcome): Refusal =>
  new Refusal(outcome === 'password_changed_concurrently' ? 'current_password_wrong' : outcome)
