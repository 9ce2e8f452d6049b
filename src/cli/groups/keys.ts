/** The API keys, and the keys that sign access tokens. */
import { Option } from 'commander'
import { ALGORITHMS } from '../../compose/keys'
import { keys, keysForGotrue } from '../keys'
import { JSON_OPTION } from '../options'
import { verb } from '../program'
import { withSettings } from '../settings'
import { importKeys, listKeys, revokeKey, rotateKeys } from '../signing-keys'

export function addKeyCommands(): void {
  const ofKeys = withSettings(
    verb('keys', 'Print the API keys, including the secret key.', 'latchkey keys --json', keys),
  )
    .option(...JSON_OPTION)
    .option('--init', 'create the data folder and keys of a server that has not been started yet')

  withSettings(verb('list', 'List the keys that sign access tokens.', 'latchkey keys list', listKeys, ofKeys)).option(
    ...JSON_OPTION,
  )

  withSettings(
    verb('rotate [kid]', 'Activate a new signing key, or a standby key.', 'latchkey keys rotate', rotateKeys, ofKeys),
  )
    .addOption(new Option('--alg <name>', 'algorithm of a new key').choices(ALGORITHMS).default('ES256'))
    .option('--now', 'sign immediately, before verifiers have had time to fetch the key')
    .option(...JSON_OPTION)

  withSettings(
    verb(
      'import <file>',
      'Import a private key, as JWK or PEM, as a standby key.',
      'latchkey keys import key.json',
      importKeys,
      ofKeys,
    ),
  ).option(...JSON_OPTION)

  withSettings(
    verb(
      'revoke <kid>',
      'Revoke a key: its tokens are refused from now on.',
      'latchkey keys revoke u2SG7aoGv…',
      revokeKey,
      ofKeys,
    ),
  ).option(...JSON_OPTION)

  withSettings(
    verb(
      'gotrue',
      'Print the settings with which GoTrue reads the secrets in the database.',
      'latchkey keys gotrue >> gotrue.env',
      keysForGotrue,
      ofKeys,
    ),
  )
}
