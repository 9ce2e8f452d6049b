/** Outgoing messages: queued for the mail server or kept for the mailbox, with sealed content. */
import type { HOOKS } from '../../hooks'
import type { HookInput } from '../../hooks/define'
import type { Message, NewMessage, User } from '../../store'
import type { Context } from '../kernel/context'

/** The content of a message. Links and codes in it are secrets until they are used. */
export interface MessageContent {
  subject: string
  /** The HTML part of a mail; null for an SMS. */
  html: string | null
  text: string
  code: string | null
  links: string[]
  /** Payload for the Send Email hook, instead of a mail. */
  hook?: { payload: HookInput<typeof HOOKS.sendEmail>; ip?: string }
}

/** A message on its way out: rows to store, or a call to make once its tokens and flow are stored. */
export interface Outgoing {
  messages: NewMessage[]
  /** Hands it to a hook or an SMS provider. @returns the provider's message id, if there is one */
  call?: () => Promise<string | undefined>
}

export interface MessageDraft {
  channel: Message['channel']
  template: string
  to: string
  /** The account that it is about. */
  user: Pick<User, 'id'>
  content: MessageContent
  /** Whether it is sent by mail, or only shown in the mailbox. */
  isSent: boolean
  expiresAt: number
}

export function newMessage({ random, sealer, now }: Context, draft: MessageDraft): NewMessage {
  const id = random.uuid()
  return {
    id,
    channel: draft.channel,
    template: draft.template,
    recipient: draft.to,
    content: sealer.seal(Buffer.from(JSON.stringify(draft.content)), contentAad(id)),
    state: draft.isSent ? 'queued' : 'kept',
    attempts: 0,
    error: null,
    nextAttemptAt: draft.isSent ? now : null,
    expiresAt: draft.expiresAt,
    createdAt: now,
    sentAt: null,
    userId: draft.user.id,
  }
}

const contentAad = (id: string) => `messages.content:${id}`

/** @throws if the content of the message was removed */
export function contentOf({ sealer }: Pick<Context, 'sealer'>, { id, content }: Message): MessageContent {
  if (content === null) throw new Error(`the content of message ${id} was removed`)
  return JSON.parse(sealer.open(content, contentAad(id)).toString())
}

/** A message as the mailbox shows it. */
export interface MailboxMessage extends MessageContent {
  id: string
  channel: Message['channel']
  kind: string
  to: string
  from: string
  state: Message['state']
  error: string | null
  createdAt: number
  sentAt: number | null
}

/** The number of messages in which those of one kind, or newer than another one, are looked for. */
const SEARCHED = 500

/**
 * Newest first.
 * @param to an address or a number; undefined for all
 * @param after only messages that are newer than the one with this id
 */
export async function listMessages(
  context: Context,
  { to, kind, after, limit }: { to?: string; kind?: string; after?: string; limit: number },
): Promise<MailboxMessage[]> {
  const isSearched = kind !== undefined || after !== undefined
  const found = await context.store.listMessages({ to: to?.toLowerCase(), limit: isSearched ? SEARCHED : limit })
  const known = found.findIndex(({ id }) => id === after)
  const newer = known < 0 ? found : found.slice(0, known)
  const wanted = newer.filter(({ template }) => kind === undefined || template === kind).slice(0, limit)
  return wanted.map((message) => toMailbox(context, message))
}

export async function readMessage(context: Context, id: string): Promise<MailboxMessage | undefined> {
  const message = await context.store.findMessage(id)
  return message && message.content !== null ? toMailbox(context, message) : undefined
}

/** A message that is still to be sent is kept. */
export async function deleteMessage({ store }: Context, id: string): Promise<'deleted' | 'unknown' | 'queued'> {
  return store.deleteMessage(id)
}

export async function clearMessages({ store }: Context): Promise<void> {
  await store.clearMessages()
}

function toMailbox(context: Context, message: Message): MailboxMessage {
  const { id, channel, template: kind, recipient: to, state, error, createdAt, sentAt } = message
  const from = channel === 'email' ? context.policy.mail.from : ''
  const { hook: _hook, ...content } = contentOf(context, message)
  return { ...content, id, channel, kind, to, from, state, error, createdAt, sentAt }
}
