/** Backups. */
import type { Command } from 'commander'
import { backup, backupNow, listBackups, verify } from '../backup'
import { JSON_OPTION } from '../options'
import { verb } from '../program'
import { restore } from '../restore'
import { withSettings } from '../settings'

export function addBackupCommands(): void {
  const making = withSettings(
    verb(
      'backup <file>',
      'Back up database and secrets into one file, also while the server is running.',
      [
        'latchkey backup /mnt/backups/auth.backup --passphrase-file passphrase.txt',
        'latchkey backup auth.backup --recipient age1ql3z7hjy…',
      ],
      backup,
    ),
  )
    .option('--passphrase', 'ask for a passphrase to encrypt with')
    .option('--passphrase-file <file>', 'encrypt with the first line of this file')
    .option('--recipient <recipient>', 'encrypt for this recipient of age; may be repeated', collect)
    .option(...JSON_OPTION)
  withKeys(
    withSettings(
      verb(
        'verify <file>',
        'Restore a backup into a scratch folder beside it, check all of it, and sign in to a copy of an account.',
        'latchkey backup verify auth.backup --passphrase-file passphrase.txt',
        verify,
        making,
      ),
    ),
  )
  withSettings(
    verb(
      'now',
      'Make a backup in the folder or bucket of the settings, verify it, and delete the oldest ones, as the server does on its schedule.',
      'latchkey backup now',
      backupNow,
      making,
    ),
  ).option(...JSON_OPTION)
  withSettings(
    verb(
      'list',
      'List the backups in the folder or bucket of the settings.',
      'latchkey backup list',
      listBackups,
      making,
    ),
  ).option(...JSON_OPTION)
  withKeys(
    withSettings(
      verb(
        'restore <file>',
        'Restore a backup into an empty data folder, or into a Postgres database without accounts.',
        'latchkey restore auth.backup --data-dir ./new-data',
        restore,
      ),
    ),
  )
}

const withKeys = (command: Command) =>
  command
    .option('--passphrase-file <file>', 'decrypt with the first line of this file')
    .option('--identity <file>', 'decrypt with the identities of age in this file')
    .option(...JSON_OPTION)

const collect = (value: string, previous: string[] = []) => [...previous, value]
