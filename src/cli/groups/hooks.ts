/** Hooks. */
import { HOOK_NAMES, testHook } from '../hook'
import { JSON_OPTION } from '../options'
import { group, verb } from '../program'
import { withSettings } from '../settings'

export function addHookCommands(): void {
  const hook = group('hook', 'Call hooks, also while the server is running.', 'latchkey hook test custom_access_token')

  withSettings(
    verb(
      'test <name>',
      `Call a hook with an example, and print what was sent and what came back: ${HOOK_NAMES.join(', ')}.`,
      ['latchkey hook test custom_access_token --user ada@example.com', 'latchkey hook test send_email --json'],
      testHook,
      hook,
    ),
  )
    .option('--user <user>', 'an account, by id, email address, username or uid; without it, an example account')
    .option(...JSON_OPTION)
}
