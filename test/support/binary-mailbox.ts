/** Messages in the executable's mailbox, read like a test of an application would. */
import type { Binary } from './binary'

export interface BinaryMailboxEntry {
  id: string
  channel: 'email' | 'sms'
  kind: string
  to: string
  subject: string
  html: string | null
  text: string
  code: string | null
  links: string[]
  state: 'kept' | 'queued' | 'sent' | 'failed'
  error: string | null
}

interface MailboxQuery {
  /** An id: only newer messages. */
  after?: string | undefined
  /** Seconds to wait for one. */
  wait?: number
}

/** Newest first. @param to an address or a number; undefined for all */
export async function binaryMailboxOf(
  server: Pick<Binary, 'url'>,
  to?: string,
  { after, wait }: MailboxQuery = {},
): Promise<BinaryMailboxEntry[]> {
  const query = new URLSearchParams({
    ...(to !== undefined && { to }),
    ...(after !== undefined && { after }),
    ...(wait !== undefined && { wait: String(wait) }),
  })
  const response = await fetch(`${server.url}/mailbox/api/messages?${query}`)
  if (!response.ok) throw new Error(`the mailbox answered ${response.status}`)
  return (await response.json()) as BinaryMailboxEntry[]
}

const WAIT_SECONDS = 30

/**
 * The newest message to a recipient, as soon as it is of this kind: a page may still be asking for it.
 * @throws if it stays of another kind, or there is none
 */
export async function lastMessageOfKind(
  server: Pick<Binary, 'url'>,
  to: string,
  kind: string,
): Promise<BinaryMailboxEntry & { code: string; link: string; token: string }> {
  let [mail] = await binaryMailboxOf(server, to)
  if (mail?.kind !== kind) [mail] = await binaryMailboxOf(server, to, { after: mail?.id, wait: WAIT_SECONDS })
  if (mail?.kind !== kind) throw new Error(`the newest message to ${to} is ${mail?.kind ?? 'missing'}, not ${kind}`)
  const link = mail.links[0] ?? ''
  const token = link === '' ? '' : (new URL(link).searchParams.get('token') ?? '')
  return { ...mail, code: mail.code ?? '', link, token }
}

/** Opens a link as a browser would, without following its redirect. @returns the target */
export async function openLink(link: string): Promise<URL> {
  const response = await fetch(link, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (response.status !== 303 || location === null) throw new Error(`the link answered ${response.status}`)
  return new URL(location)
}
