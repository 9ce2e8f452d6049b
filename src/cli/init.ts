/** `latchkey init`: asks for what a server needs, and writes the settings file. */
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { load } from '../config/load'
import { isWrong } from '../config/sources'
import { parseDotenv } from '../lib/dotenv'
import { EXIT, fail } from './exit-status'
import { type InitAnswers, keptFrom, printSettingsFile } from './init-file'
import { commandWith } from './invocation'
import { print } from './output'
import { askConfirmation, askHidden, askText, canAsk, passwordFromStdin } from './prompts'

interface Flags {
  domain?: string
  siteUrl?: string
  smtpHost?: string
  smtpPort?: string
  smtpUser?: string
  smtpPasswordStdin?: boolean
  sender?: string
  proxy?: string
  output: string
  force?: boolean
  yes?: boolean
}

export async function init(command: Command): Promise<void> {
  const flags = command.opts<Flags>()
  const mayAsk = canAsk() && !flags.yes
  const path = resolve(flags.output)
  if (existsSync(path) && !flags.force) {
    if (!mayAsk) fail(`${path} exists already; --force writes it again, --output <file> names another`, EXIT.refused)
    if (!(await askConfirmation(`${path} exists already. Write it again? What is not asked for stays.`)))
      fail('nothing was changed')
  }
  const answers = mayAsk ? await ask(flags) : fromFlags(flags)
  if (flags.smtpPasswordStdin) answers.smtpPassword = await passwordFromStdin()
  const kept = keptFrom(existsSync(path) ? parseDotenv(readFileSync(path, 'utf8')) : {})
  const text = printSettingsFile(answers, kept)
  const values = parseDotenv(text)
  const problems = load({ envFile: { path, isExplicit: true, values } }).problems.filter(isWrong)
  if (problems.length > 0) fail(problems.map(({ message }) => message).join('\n'), EXIT.refused)
  replaceFile(path, text)
  print(command, { file: path, settings: Object.keys(values) }, () => nextSteps(path, kept))
}

const fromFlags = ({ domain, siteUrl, smtpHost, smtpPort, smtpUser, sender, proxy }: Flags): InitAnswers => ({
  domain,
  siteUrl,
  smtpHost,
  smtpPort,
  smtpUser,
  sender,
  proxy,
})

/** Asks for what no flag gives. An empty answer leaves a setting at its default. */
async function ask(flags: Flags): Promise<InitAnswers> {
  const { domain = await askText('Domain of this server, such as auth.example.com (empty: this machine only)') } = flags
  const { siteUrl = await askText('URL of your application', 'http://localhost:3000') } = flags
  const {
    proxy = domain === ''
      ? undefined
      : await askText('Address or network of the reverse proxy that terminates TLS', '127.0.0.1/32,::1/128'),
  } = flags
  const { smtpHost = await askText('SMTP server, such as smtp.example.com (empty: mail is shown at /mailbox)') } = flags
  if (smtpHost === '') return { domain, siteUrl, proxy }
  const { smtpPort = await askText('Port of the SMTP server', '587') } = flags
  const { smtpUser = await askText('SMTP user (empty for none)') } = flags
  const needsPassword = smtpUser !== '' && !flags.smtpPasswordStdin
  const smtpPassword = needsPassword ? await askHidden('SMTP password') : undefined
  const { sender = await askText('Sender of mails', `noreply@${domain || 'example.com'}`) } = flags
  return { domain, siteUrl, proxy, smtpHost, smtpPort, smtpUser, smtpPassword, sender }
}

/**
 * Atomically, and readable by the owner only, or as before by the group: it may have the password of the mail server.
 */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
    const { mode, uid, gid } = statSync(existsSync(path) ? path : draft)
    if (process.getuid?.() === 0) chownSync(draft, uid, gid)
    chmodSync(draft, mode & 0o640)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    fail(`${path} cannot be written: ${(error as Error).message}`)
  }
}

function nextSteps(path: string, kept: readonly [string, string][]): string {
  const given = path === resolve('.env') ? '' : ` --env-file ${path}`
  return [
    `${path} is written.${kept.length > 0 ? ` ${kept.map(([name]) => name).join(', ')}: kept.` : ''} Next:`,
    `  ${commandWith(`check${given}`)}`,
    `  ${commandWith(`serve${given}`)}`,
    `  ${commandWith(`user create you@example.com --admin${given}`)}`,
  ].join('\n')
}
