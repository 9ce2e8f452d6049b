/** The command line: one file for each command, and one for each group of them in `groups/`. */
import { addAccountCommands } from './groups/accounts'
import { addBackupCommands } from './groups/backups'
import { addDataCommands } from './groups/data'
import { addDocumentCommands } from './groups/documents'
import { addEventCommands } from './groups/events'
import { addHookCommands } from './groups/hooks'
import { addKeyCommands } from './groups/keys'
import { addMailCommands } from './groups/mail'
import { addServerCommands } from './groups/server'
import { program } from './program'

program.commandsGroup('Server:')
addServerCommands()
program.commandsGroup('Accounts:')
addAccountCommands()
addEventCommands()
addHookCommands()
program.commandsGroup('Keys and mail:')
addKeyCommands()
addMailCommands()
program.commandsGroup('Data:')
addDataCommands()
addBackupCommands()
program.commandsGroup('Documents:')
addDocumentCommands()

export { program }
