/** With what backups are encrypted and decrypted. Passphrases are never arguments. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import {
  type DecryptionKeys,
  type Encryption,
  MIN_PASSPHRASE_BYTES,
  requireIdentity,
  requireRecipient,
} from '../adapters/backup/encryption'
import { lockOfFile } from '../adapters/backup/reading'
import { encryptionOf } from '../compose/backup-settings'
import type { Settings } from '../config'
import { EXIT, fail } from './exit-status'
import { askHidden, askPassword, canAsk } from './prompts'
import { optionOf } from './settings'

/** By the options, or else by the settings. @returns undefined if neither encrypts */
export async function encryptionFor(command: Command, settings: Settings): Promise<Encryption | undefined> {
  const file = optionOf<string>(command, 'passphraseFile')
  const recipients = optionOf<string[]>(command, 'recipient')
  const asks = optionOf<boolean>(command, 'passphrase') ?? false
  if ([file !== undefined, recipients !== undefined, asks].filter(Boolean).length > 1)
    fail('give one of --passphrase-file, --passphrase and --recipient', EXIT.usage)
  if (file !== undefined) return { passphrase: longEnough(firstLineOf(file)) }
  if (recipients !== undefined) return { recipients: recipients.map(validRecipient) }
  if (!asks) return encryptionOf(settings)
  if (!canAsk()) fail('--passphrase asks on a terminal; give --passphrase-file <file> here', EXIT.usage)
  return { passphrase: longEnough(await askPassword('Passphrase of the backup')) }
}

/** Asks for a passphrase if the file needs one, nothing else has it, and there is a terminal. */
export async function decryptionKeysFor(command: Command, settings: Settings, path: string): Promise<DecryptionKeys> {
  const lock = await lockOfFile(path)
  if (lock === 'none') return {}
  if (lock === 'recipient') {
    const file = optionOf<string>(command, 'identity')
    if (file === undefined)
      fail(`${path} is encrypted for a recipient; name the file with its identity: --identity <file>`)
    return { identities: identitiesIn(file) }
  }
  const file = optionOf<string>(command, 'passphraseFile')
  const passphrase = file === undefined ? settings.backup.passphrase : firstLineOf(file)
  if (passphrase !== undefined) return { passphrase }
  if (!canAsk())
    fail(`${path} is encrypted with a passphrase; give --passphrase-file <file>, or set AUTH_BACKUP_PASSPHRASE`)
  return { passphrase: await askHidden('Passphrase of the backup') }
}

function longEnough(passphrase: string): string {
  if (Buffer.byteLength(passphrase) >= MIN_PASSPHRASE_BYTES) return passphrase
  return fail(`the passphrase must be at least ${MIN_PASSPHRASE_BYTES} bytes long`, EXIT.refused)
}

function validRecipient(recipient: string): string {
  try {
    requireRecipient(recipient)
    return recipient
  } catch {
    return fail(`${recipient} is not a recipient of age, such as age1ql3z7hjy…`, EXIT.usage)
  }
}

/** As `age-keygen` writes them, with comments. */
function identitiesIn(path: string): string[] {
  const lines = textOf(path).split(/\r?\n/)
  const identities = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  try {
    identities.forEach(requireIdentity)
    if (identities.length > 0) return identities
  } catch {}
  return fail(`${path} has no identity of age, such as AGE-SECRET-KEY-1…`, EXIT.refused)
}

const firstLineOf = (path: string): string => textOf(path).split(/\r?\n/)[0] ?? ''

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return fail(`${path} cannot be read: ${(error as Error).message}`)
  }
}
