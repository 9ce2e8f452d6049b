/** Mails and SMS, read from the mailbox, and the result of opening their links. */
import type { Json, Reply, RequestOptions, TestApp } from './app'

export const WITH_CONFIRMATION = { AUTH_MAILER_AUTOCONFIRM: 'false' }
export const WITH_PHONE = { AUTH_EXTERNAL_PHONE_ENABLED: 'true' }

export interface MailboxEntry {
  kind: string
  subject: string
  html: string
  text: string
  code: string
  /** Path and query of its link; empty if it has none. */
  link: string
  /** The token in the link. */
  token: string
}

/** Everything sent to an address or a number, newest first. */
export async function mailboxOf(app: TestApp, to: string): Promise<MailboxEntry[]> {
  const messages = await app.core.forTask().listMessages({ to, limit: 200 })
  return messages.map(({ kind, subject, html, text, code, links }) => {
    const url = links[0] === undefined ? undefined : new URL(links[0])
    const link = url ? url.pathname + url.search : ''
    const token = url?.searchParams.get('token') ?? ''
    return { kind, subject, html: html ?? '', text, code: code ?? '', link, token }
  })
}

/** The last message to an address or a number. @param kind name of its template */
export async function lastMessageTo(app: TestApp, to: string, kind?: string): Promise<MailboxEntry> {
  const mail = (await mailboxOf(app, to)).find((each) => kind === undefined || each.kind === kind)
  if (!mail) throw new Error(`nothing ${kind ?? ''} was sent to ${to}`)
  return mail
}

/** A different code of the same length. */
export const differentCode = (code: string, by = 1) =>
  String((Number(code) + by) % 10 ** code.length).padStart(code.length, '0')

export interface Landing {
  status: number
  /** The whole Location. */
  location: string
  query: Record<string, string>
  fragment: Record<string, string>
}

/** Opens a link as a browser does. @returns the URL that it redirects to */
export async function open(app: TestApp, link: string, asked?: RequestOptions): Promise<Landing> {
  return landingOf(await app.ask('GET', link, asked))
}

export function landingOf({ status, headers }: Reply): Landing {
  const location = headers.get('location') ?? ''
  const [head = '', fragment = ''] = location.split('#')
  return {
    status,
    location,
    query: Object.fromEntries(new URLSearchParams(head.split('?')[1] ?? '')),
    fragment: Object.fromEntries(new URLSearchParams(fragment)),
  }
}

export const verify = (app: TestApp, body: object, asked: RequestOptions = {}) =>
  app.ask('POST', '/auth/v1/verify', { ...asked, body })

export const userOf = async (app: TestApp, token: string): Promise<Json> =>
  (await app.ask('GET', '/auth/v1/user', { token })).body

/** An account with a confirmed address, created by an administrator. */
export async function confirmedUser(app: TestApp, email: string, more: object = {}): Promise<Json> {
  const body = { email, password: 'correct-horse-battery-9', email_confirm: true, ...more }
  const reply = await app.ask('POST', '/auth/v1/admin/users', { token: app.admin, body })
  if (reply.status !== 200) throw new Error(`making a user answered ${reply.text}`)
  return reply.body
}
