import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { templatesExport } from '../adapters/mail/templates'
import { aesGcmSealer } from '../adapters/sealer'
import { sealingKeyOf } from '../compose/keys'
import { logoOf } from '../compose/logo'
import { mailBrandOf, smtpMailerOf } from '../compose/mail'
import type { Sealer } from '../core/kernel/ports'
import { contentOf } from '../core/messages/messages'
import { goTime, goTimeOr } from '../lib/rfc3339'
import type { Store } from '../store'
import { openServerData } from './data'
import { exitOnError, fail } from './exit-status'
import { print, time } from './output'
import { requireSettings } from './settings'
import { printable } from './terminal'

/** `latchkey mail test <address>`: sends one mail with the current settings and prints the mail server's reply. */
export async function testMail(command: Command): Promise<void> {
  const to = command.args[0] as string
  const { settings } = requireSettings(command)
  const { smtpHost, smtpPort, smtpAdminEmail } = settings.mail
  if (settings.hooks.sendEmailEnabled)
    return fail('mail goes to the Send Email hook; to test it, run latchkey hook test send_email')
  const mailer = smtpMailerOf(settings)
  if (!mailer) return fail('no SMTP server is set (AUTH_SMTP_HOST): mail is shown at /mailbox and not sent anywhere')
  const text = `This is a test of the mail settings of ${settings.server.apiExternalUrl}. If you can read it, they work.`
  const mail = {
    id: crypto.randomUUID(),
    to,
    template: 'test',
    subject: 'Latchkey can send mail',
    html: `<p>${text}</p>`,
    text,
  }
  const delivery = await mailer.send(mail)
  mailer.close()
  if (delivery.outcome !== 'sent') fail(`${smtpHost}:${smtpPort} did not accept the mail: ${delivery.error}`)
  const server = `${smtpHost}:${smtpPort}`
  print(
    command,
    { server, from: smtpAdminEmail, to },
    () => `${server} accepted a mail from ${smtpAdminEmail} to ${to}.`,
  )
}

/** `latchkey mail templates <folder>`: writes the built-in mails as files, as a starting point for your own. */
export async function writeTemplates(command: Command): Promise<void> {
  const folder = command.args[0] as string
  const { settings } = requireSettings(command)
  const files = templatesExport(mailBrandOf(settings, await logoOf(settings)))
  const present = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (present.length > 0) fail(`${join(folder, present[0] as string)} already exists; nothing was written`)
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const names = Object.keys(files)
  print(
    command,
    { folder, files: names },
    () =>
      `${names.length} files written to ${folder}. Keep the ones you change, and start with --set AUTH_MAILER_TEMPLATES_DIR=${folder}.`,
  )
}

/** How many messages `latchkey mail list` shows. */
const LISTED = 50

/** `latchkey mail list`: the latest messages with recipient and status. */
export async function listMail(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const { store, secrets } = await exitOnError(() => openServerData(settings))
  const sealer = aesGcmSealer(sealingKeyOf(settings, secrets))
  const messages = await store.recentMessages(LISTED)
  await store.close()
  print(command, messages.map(toJson), () =>
    messages.length === 0
      ? 'No messages yet.'
      : messages.map((message) => lineOf(message, subjectOf(sealer, message))).join('\n'),
  )
}

/** Without subject and text: they contain names, links and codes. */
const toJson = (message: Listed) => ({
  id: message.id,
  channel: message.channel,
  template: message.template,
  recipient: message.recipient,
  state: message.state,
  attempts: message.attempts,
  error: message.error,
  created_at: goTime(message.createdAt),
  next_attempt_at: goTimeOr(message.nextAttemptAt, null),
})

type Listed = Awaited<ReturnType<Store['recentMessages']>>[number]

function lineOf(message: Listed, subject: string): string {
  const { createdAt, channel, template, recipient, state, attempts, nextAttemptAt, error } = message
  const columns = [time(createdAt), channel.padEnd(5), template.padEnd(24), state.padEnd(6), `attempts ${attempts}`]
  return [
    ...columns,
    recipient,
    subject,
    ...(nextAttemptAt === null ? [] : [`next attempt ${time(nextAttemptAt)}`]),
    ...(error === null ? [] : [error]),
  ]
    .map(printable)
    .join('  ')
}

/** The subject of a message; its content is deleted once it was sent. */
function subjectOf(sealer: Sealer, message: Listed): string {
  if (message.channel === 'sms') return ''
  if (message.content === null) return '(subject deleted)'
  try {
    return contentOf({ sealer }, message).subject
  } catch {
    return '(unreadable: written with another encryption key)'
  }
}
