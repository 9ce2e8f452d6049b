/** What the settings say about backups. */
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { type Destination, folderDestination, s3Destination } from '../adapters/backup/destinations'
import { type Encryption, requireRecipient } from '../adapters/backup/encryption'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'

/** @returns undefined if backups are not encrypted @throws if a recipient is invalid */
export function encryptionOf({ backup: { passphrase, recipients } }: Settings): Encryption | undefined {
  if (recipients === undefined) return passphrase === undefined ? undefined : { passphrase }
  for (const recipient of recipients)
    try {
      requireRecipient(recipient)
    } catch {
      throw new Error(`AUTH_BACKUP_RECIPIENT contains ${recipient}, which is not a recipient of age`)
    }
  return { recipients }
}

/** @returns undefined if the server makes no backups by itself */
export function destinationOf({ backup }: Settings): Destination | undefined {
  const { folder, s3Bucket, s3AccessKeyId, s3SecretAccessKey, s3Endpoint, s3Region, s3Prefix } = backup
  if (folder !== undefined) return folderDestination(folder)
  // config/backup-checks.ts reports a missing key before
  if (s3Bucket === undefined || s3AccessKeyId === undefined || s3SecretAccessKey === undefined) return undefined
  return s3Destination({
    bucket: s3Bucket,
    accessKeyId: s3AccessKeyId,
    secretAccessKey: s3SecretAccessKey,
    endpoint: s3Endpoint,
    region: s3Region,
    prefix: s3Prefix,
  })
}

/** Where copies of the database lie for a moment: of a file beside it, since they are not encrypted. */
export const scratchFolder = (settings: Settings, database: string): string =>
  isOnPostgres(settings) ? tmpdir() : dirname(database)
