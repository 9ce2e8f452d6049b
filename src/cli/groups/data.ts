/** The database. */
import { Option } from 'commander'
import { migrate } from '../migrate'
import { move } from '../move'
import { verb } from '../program'
import { withSettings } from '../settings'

export function addDataCommands(): void {
  withSettings(
    verb(
      'migrate',
      'Migrate the database to this version, as serve does at startup.',
      'latchkey migrate --status',
      migrate,
    ),
  )
    .option('--status', 'only show which migrations are applied')
    .option('--dry-run', 'only print the SQL of the migrations that are missing')
    .addOption(new Option('--json', 'print JSON').conflicts('dryRun'))

  withSettings(
    verb(
      'move',
      'Copy everything from SQLite to Postgres or back, with the server stopped.',
      'latchkey move --to postgres://latchkey@db.example.com/app',
      move,
    ),
  )
    .option('--from <database>', 'URL, file or data folder to copy from; by default, the database of the settings')
    .option('--to <database>', 'URL, file or data folder to copy to, which must have no accounts; by default the same')
    .option('--dry-run', 'only check both databases and count the rows')
    .option('--show-secrets', 'print the secrets that servers on Postgres need, instead of where they are')
    .addOption(new Option('--json', 'print JSON, without secrets').conflicts('showSecrets'))
}
