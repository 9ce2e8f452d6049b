import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { migrations } from '../../migrations'
import { templatesExport } from '../adapters/mail/templates'
import { systemClock } from '../adapters/system'
import { databasePath } from '../keys'
import { smtpMailerOf } from '../messaging'
import { openStore } from '../store'
import { migrationsIn } from '../store/migrate'
import { fail, orFail, requireSettings } from './settings'

/** `latchkey mail test <address>`: sends one mail with the settings as they are, and says what the mail server said. */
export async function testMail(command: Command): Promise<void> {
  const to = command.args[0] as string
  const { settings } = requireSettings(command)
  const { smtpHost, smtpPort, smtpAdminEmail } = settings.mail
  const mailer = smtpMailerOf(settings)
  if (!mailer) return fail('no SMTP server is set (AUTH_SMTP_HOST): mail is shown at /mailbox and goes nowhere else')
  const text = `This is a test of the mail settings of ${settings.server.apiExternalUrl}. It arrived, so they work.`
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
  if (delivery.outcome !== 'sent') fail(`${smtpHost}:${smtpPort} did not take the mail: ${delivery.error}`)
  process.stdout.write(`${smtpHost}:${smtpPort} took a mail from ${smtpAdminEmail} to ${to}.\n`)
}

/** `latchkey mail templates <folder>`: writes the built-in mails as files to start one's own from. */
export function writeTemplates(command: Command): void {
  const folder = command.args[0] as string
  const files = templatesExport()
  const present = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (present.length > 0) fail(`${join(folder, present[0] as string)} is there already; nothing was written`)
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  process.stdout.write(
    `${Object.keys(files).length} files written to ${folder}. Keep those you change, and start with --set AUTH_MAILER_TEMPLATES_DIR=${folder}.\n`,
  )
}

/** How many messages `latchkey mail list` shows. */
const LISTED = 50

/** `latchkey mail list`: the latest messages and what became of each. Whose they are stays out of it. */
export async function listMail(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const path = databasePath(settings, resolve(settings.server.dataDir))
  if (!existsSync(path)) return fail(`${path} is not there: the server was never started`)
  // reading is no reason to change a database that a server of another version may have open
  if (migrationsIn(path).length !== migrations.length)
    return fail(`${path} is of another version; start the server with this executable first`)
  const store = await orFail(() => openStore(path, systemClock.now()))
  const messages = await store.recentMessages(LISTED)
  await store.close()
  const time = (ms: number | null) => (ms === null ? '' : new Date(ms).toISOString().slice(0, 19))
  for (const { createdAt, channel, template, state, attempts, nextAttemptAt, error } of messages) {
    const next = nextAttemptAt === null ? '' : `  next attempt ${time(nextAttemptAt)}`
    const row = [time(createdAt), channel.padEnd(5), template.padEnd(24), state.padEnd(6), `attempts ${attempts}`]
    process.stdout.write(`${row.join('  ')}${next}${error === null ? '' : `  ${error}`}\n`)
  }
  if (messages.length === 0) process.stdout.write('No message was asked for yet.\n')
}
