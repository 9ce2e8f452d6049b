/** Mail by SMTP (RFC 5321): pooled connections to one server, and its replies translated to the port's outcomes. */
import type { NodemailerError } from 'nodemailer'
import type { Delivery, Mailer, OutgoingMail } from '../../core/kernel/ports'
import { isLoopbackHost } from '../../lib/ip'

export interface SmtpOptions {
  host: string
  port: number
  /** Without a user there is no authentication. */
  user?: string
  password?: string
  from: { address: string; name: string }
  /** Extra headers for every mail; `$messageType` in a value is replaced by the template name. */
  headers: Record<string, string[]>
  /**
   * `auto`: implicit TLS on port 465 (RFC 8314 §3.3), otherwise STARTTLS if the server offers it. `starttls` requires
   * the offer, `tls` is implicit TLS, `none` ignores the offer.
   */
  security: 'auto' | 'starttls' | 'tls' | 'none'
  maxConnections: number
  /** Milliseconds for each kind of wait, instead of the defaults. */
  timeoutMs?: number
}

const CONNECTION_TIMEOUT_MS = 10_000
const GREETING_TIMEOUT_MS = 10_000
const SOCKET_TIMEOUT_MS = 30_000
const MAX_ERROR_CHARACTERS = 200

/** Steps at which a server judges the message. Errors before them concern the operator's account. */
const MESSAGE_STEPS = ['MAIL FROM', 'RCPT TO', 'DATA']
/** Replies about authentication, at whatever step they arrive (RFC 4954 §6). */
const LOGIN_REPLIES = [530, 534, 535, 538]

/**
 * Only addresses that need no quoting or folding and cannot be parsed as two: nodemailer would deliver those to another
 * recipient.
 */
const PLAIN_ADDRESS = /^[^\s\p{C}<>()[\]\\,;:@"]+@[^\s\p{C}<>()[\]\\,;:@"]+$/u

/**
 * An SMTP client. Certificates are verified, and credentials are never sent unencrypted, except to loopback. `verify`
 * connects and logs in without sending; `close` lets running deliveries finish.
 */
export function smtpMailer(options: SmtpOptions): Mailer & { verify(): Promise<Delivery>; close(): void } {
  // Loaded only when a mail server is configured: without one, the start does not have to wait for it.
  const loading = import('nodemailer').then(({ createTransport }) => createTransport(poolOptions(options)))

  function failure(error: NodemailerError, content = ''): Delivery {
    const redacted = withoutAddresses(withoutSecrets(error.message, options), options)
    const text = withoutContent(redacted, content).replace(/\s+/g, ' ')
    return {
      outcome: isRefusalOfMessage(error) ? 'refused' : 'unavailable',
      error: text.slice(0, MAX_ERROR_CHARACTERS),
    }
  }

  return {
    async send(mail) {
      if (!PLAIN_ADDRESS.test(mail.to))
        return { outcome: 'refused', error: 'the recipient is not a plain mail address' }
      try {
        await (await loading).sendMail(message(mail, options))
        return { outcome: 'sent' }
      } catch (error) {
        return failure(error as NodemailerError, `${mail.subject}\n${mail.text}\n${mail.html}`)
      }
    },
    async verify() {
      try {
        await (await loading).verify()
        return { outcome: 'sent' }
      } catch (error) {
        return failure(error as NodemailerError)
      }
    },
    close: () => void loading.then((transport) => transport.close()),
  }
}

function poolOptions({ host, port, user, password, security, maxConnections, timeoutMs }: SmtpOptions) {
  const isLocal = isLoopbackHost(host.toLowerCase())
  const isTlsFromStart = security === 'tls' || (security === 'auto' && port === 465)
  return {
    pool: true as const,
    host,
    port,
    maxConnections,
    secure: isTlsFromStart,
    // Stronger than `ignoreTLS`: with both set, a server without STARTTLS is not used.
    requireTLS: security === 'starttls' || (user !== undefined && !isLocal && !isTlsFromStart),
    ignoreTLS: security === 'none',
    tls: { rejectUnauthorized: !isLocal },
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs ?? CONNECTION_TIMEOUT_MS,
    greetingTimeout: timeoutMs ?? GREETING_TIMEOUT_MS,
    socketTimeout: timeoutMs ?? SOCKET_TIMEOUT_MS,
    // One retry covers a connection that the server closed while idle; the mail queue does the other retries.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function message({ id, to, subject, html, text, template }: OutgoingMail, { from, headers }: SmtpOptions) {
  const recipient = { address: to, name: '' }
  return {
    from,
    to: recipient,
    // Set explicitly, so that no configured header can add to it.
    envelope: { from: { address: from.address, name: '' }, to: [recipient] },
    messageId: `<${id}@${from.address.split('@').at(-1)}>`,
    subject,
    html,
    text,
    headers: headersOf(headers, template),
  }
}

/**
 * RFC 3834 §5.2 and the Exchange equivalent: suppress out-of-office replies. A configured header of the same name wins.
 */
function headersOf(configured: SmtpOptions['headers'], template: string): { key: string; value: string }[] {
  const names = new Set(Object.keys(configured).map((name) => name.toLowerCase()))
  const defaults = Object.entries({ 'Auto-Submitted': ['auto-generated'], 'X-Auto-Response-Suppress': ['All'] })
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...Object.entries(configured)].flatMap(
    ([key, values]) => values.map((value) => ({ key, value: value.replaceAll('$messageType', template) })),
  )
}

function isRefusalOfMessage({ command = '', permanent, responseCode = 0 }: NodemailerError): boolean {
  return permanent === true && MESSAGE_STEPS.includes(command) && !LOGIN_REPLIES.includes(responseCode)
}

/** Some servers repeat the command they did not understand. */
function withoutSecrets(text: string, { user = '', password = '' }: SmtpOptions): string {
  if (password === '') return text
  const base64 = (plain: string) => Buffer.from(plain).toString('base64')
  const secrets = [base64(`\0${user}\0${password}`), base64(password), password]
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
}

/**
 * Spam filters quote what they reject. Words with a digit are removed, because they may be a code or a link from the
 * mail.
 */
function withoutContent(text: string, content: string): string {
  return text.replace(/[\w+/:?&=%#.~-]{4,}\w/g, (word) => (/\d/.test(word) && content.includes(word) ? '…' : word))
}

/** Servers name the rejected recipient, which must not reach the log. Sender and user belong to the operator. */
function withoutAddresses(text: string, { from, user }: SmtpOptions): string {
  return text.replace(/[^\s<>()[\],;:"@]+@[^\s<>()[\],;:"'@]+/g, (address) =>
    address === from.address || address === user ? address : '…',
  )
}
