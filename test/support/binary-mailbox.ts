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

/** Newest first. @param to an address or a number; undefined for all */
export async function binaryMailboxOf(server: Pick<Binary, 'url'>, to?: string): Promise<BinaryMailboxEntry[]> {
  const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`
  const response = await fetch(`${server.url}/mailbox/api/messages${query}`)
  if (!response.ok) throw new Error(`the mailbox answered ${response.status}`)
  return (await response.json()) as BinaryMailboxEntry[]
}

/** The newest message to a recipient. @throws if it is of another kind, or there is none */
export async function lastMessageOfKind(
  server: Pick<Binary, 'url'>,
  to: string,
  kind: string,
): Promise<BinaryMailboxEntry & { code: string; link: string; token: string }> {
  const [mail] = await binaryMailboxOf(server, to)
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
