import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Secrets, storedSecrets } from '../adapters/data-folder'
import { aesGcmSealer } from '../adapters/sealer'
import { encryptionOf } from '../compose/backup-settings'
import { databaseTarget, keyringOf, otherKeyProblem } from '../compose/keys'
import { logoOf } from '../compose/logo'
import { templatesOf } from '../compose/mail'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { printLoaded } from '../config/print'
import { isWrong, type SettingProblem } from '../config/sources'
import { type Finding, NOT_HERE, type SupabaseReport } from '../config/supabase-settings'
import { damageOf, historyOf } from '../store/database'
import { readSettings } from './settings'
import { warnings } from './warnings'

/**
 * `latchkey check`: all problems of the settings at once, what the settings of Supabase do here, and damage to the
 * secrets and the database. Exit status 1 on an error or an unknown name.
 */
export async function check(command: Command): Promise<void> {
  const { settings, loaded, problems, supabase } = readSettings(command)
  const parsed = async <Value>(parse: () => Value | Promise<Value>): Promise<Value | undefined> => {
    try {
      return await parse()
    } catch (error) {
      problems.push({ severity: 'error', message: (error as Error).message })
      return undefined
    }
  }
  await parsed(() => keyringOf(settings, NO_SECRET))
  await parsed(() => encryptionOf(settings))
  const logo = await parsed(() => logoOf(settings))
  problems.push(...(await templatesOf(settings, { folder: resolve(settings.server.dataDir), logo })).problems)
  for (const message of warnings(settings)) problems.push({ severity: 'warning', message })
  const areWrong = problems.some(isWrong)
  const damage = await damageIn(resolve(settings.server.dataDir), settings)
  const found: SettingProblem[] = [...problems, ...damage.map((message) => ({ severity: 'error' as const, message }))]
  process.exitCode = areWrong || damage.length > 0 ? 1 : 0
  if (command.opts().json) {
    process.stdout.write(`${JSON.stringify(asJson(found, supabase), null, 2)}\n`)
    return
  }
  if (command.opts().print) process.stdout.write(`${printLoaded(loaded)}\n\n`)
  for (const { severity, message } of found.map(shown)) process.stdout.write(`${severity}: ${message}\n`)
  process.stdout.write(summary(supabase))
  process.stdout.write(areWrong ? 'The settings have errors.\n' : 'The settings are valid.\n')
}

const NO_SECRET = { jwtSecret: 'not checked; only the listed keys are known' }

const shown = ({ severity, message }: SettingProblem) => ({
  severity: isWrong({ severity, message }) ? 'error' : severity,
  message,
})

function asJson(found: SettingProblem[], { works, differs, notHere }: SupabaseReport) {
  return {
    valid: !found.some(isWrong),
    problems: found.map(shown),
    supabase: { works, differs, not_here: notHere, never_here: NOT_HERE },
  }
}

/** What the settings of Supabase do here; empty if there are none. */
function summary({ works, differs, notHere }: SupabaseReport): string {
  const count = works.length + differs.length + notHere.length
  if (count === 0) return ''
  const lines = [
    `\n${counted(count, 'setting', 'settings')} of Supabase:`,
    `  ${counted(works.length, 'works', 'work')} as in Supabase`,
    ...group(differs, 'differs', 'differ'),
    ...group(notHere, 'is not here', 'are not here'),
    `Not here, whatever the settings: ${NOT_HERE.join(', ')}.`,
  ]
  return `${lines.join('\n')}\n\n`
}

const counted = (count: number, one: string, several: string) => `${count} ${count === 1 ? one : several}`

const group = (findings: Finding[], one: string, several: string) => [
  `  ${counted(findings.length, one, several)}`,
  ...findings.map(({ name, reason }) => `    ${name}: ${reason}`),
]

/** Finds problems in the files and the database of a server. Read-only; can run while the server is running. */
async function damageIn(folder: string, settings: Settings): Promise<string[]> {
  const target = databaseTarget(settings, folder)
  const found: string[] = []
  let { encryptionKey: key } = settings.tokens
  try {
    if (!isOnPostgres(settings)) key ??= sealingKeyIn(storedSecrets(folder, target))
  } catch (error) {
    found.push((error as Error).message)
  }
  const damage = await damageOf(target)
  if (damage !== undefined) return [...found, damage]
  const { encryptionKeyId } = await historyOf(target)
  if (key && encryptionKeyId !== undefined && aesGcmSealer(key).keyId !== encryptionKeyId)
    found.push(otherKeyProblem({ isShared: isOnPostgres(settings) }))
  return found
}

const sealingKeyIn = (secrets: Secrets | undefined) => secrets && Buffer.from(secrets.encryptionKey, 'base64')
