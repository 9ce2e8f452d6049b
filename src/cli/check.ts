import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Secrets, storedSecrets } from '../adapters/data-folder'
import { aesGcmSealer } from '../adapters/sealer'
import { databaseTarget, keyringOf, otherKeyProblem } from '../compose/keys'
import { templatesOf } from '../compose/mail'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { printLoaded } from '../config/print'
import { isWrong } from '../config/sources'
import { damageOf, historyOf } from '../store/database'
import { readSettings } from './settings'
import { warnings } from './warnings'

/**
 * `latchkey check`: all problems of the settings at once, and damage to the secrets and the database. Exit status 1 on an error or an
 * unknown name.
 */
export async function check(command: Command): Promise<void> {
  const { settings, loaded, problems } = readSettings(command)
  try {
    await keyringOf(settings, { jwtSecret: 'not checked; only the listed keys are known' })
  } catch (error) {
    problems.push({ severity: 'error', message: (error as Error).message })
  }
  problems.push(...(await templatesOf(settings, resolve(settings.server.dataDir))).problems)
  for (const message of warnings(settings)) problems.push({ severity: 'warning', message })
  if (command.opts().print) process.stdout.write(`${printLoaded(loaded)}\n\n`)
  for (const { severity, message } of problems)
    process.stdout.write(`${isWrong({ severity, message }) ? 'error' : severity}: ${message}\n`)
  const damage = await damageIn(resolve(settings.server.dataDir), settings)
  for (const message of damage) process.stdout.write(`error: ${message}\n`)
  const areWrong = problems.some(isWrong)
  process.stdout.write(areWrong ? 'The settings have errors.\n' : 'The settings are valid.\n')
  process.exitCode = areWrong || damage.length > 0 ? 1 : 0
}

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
