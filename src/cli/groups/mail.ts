/** Mail. */
import { listMail, testMail, writeTemplates } from '../mail'
import { JSON_OPTION } from '../options'
import { group, verb } from '../program'
import { withSettings } from '../settings'

export function addMailCommands(): void {
  const mail = group(
    'mail',
    'Test the mail settings, list sent messages, or export the built-in mails.',
    'latchkey mail test ada@example.com',
  )

  withSettings(
    verb(
      'test <address>',
      'Send one mail with the current settings.',
      'latchkey mail test ada@example.com',
      testMail,
      mail,
    ),
  ).option(...JSON_OPTION)

  withSettings(
    verb('list', 'List the latest messages with recipient and status.', 'latchkey mail list', listMail, mail),
  ).option(...JSON_OPTION)

  verb(
    'templates <folder>',
    'Write the built-in mails to a folder, as a starting point for your own.',
    'latchkey mail templates ./mails',
    writeTemplates,
    mail,
  ).option(...JSON_OPTION)
}
