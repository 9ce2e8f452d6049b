/** Events of accounts. */
import { Option } from 'commander'
import { listEvents, replay } from '../events'
import { countOption, JSON_OPTION } from '../options'
import { group, verb } from '../program'
import { withSettings } from '../settings'

export function addEventCommands(): void {
  const events = group(
    'events',
    'List and send again the events of accounts, also while the server is running.',
    'latchkey events list --state failed',
  )

  withSettings(
    verb(
      'list',
      'List the latest events with their state.',
      'latchkey events list --user ada@example.com',
      listEvents,
      events,
    ),
  )
    .addOption(new Option('--state <state>', 'only events in this state').choices(['pending', 'delivered', 'failed']))
    .option('--user <user>', 'only events of this user')
    .option('--type <type>', 'only events of this type, such as user.created')
    .addOption(countOption('--limit <count>', 'how many events', 50))
    .option(...JSON_OPTION)

  withSettings(
    verb('replay [ids...]', 'Send events again, with the same ids.', 'latchkey events replay --failed', replay, events),
  )
    .option('--failed', 'all events that were given up')
    .option('--since <time>', 'all events since then, such as 2026-03-01T12:00:00Z')
    .option(...JSON_OPTION)
}
