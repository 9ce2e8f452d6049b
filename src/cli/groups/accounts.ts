/** Accounts and what belongs to them. */
import { group, verb } from '../program'
import { grant, listRolesOf, revoke } from '../role'
import { withSettings } from '../settings'

export function addAccountCommands(): void {
  const role = group(
    'role',
    "List, grant and revoke users' roles, also while the server is running.",
    'latchkey role grant ada@example.com admin',
  )

  withSettings(
    verb('list <user>', 'List the roles of a user.', 'latchkey role list ada@example.com', listRolesOf, role),
  )

  withSettings(verb('grant <user> <role>', 'Grant a role.', 'latchkey role grant ada@example.com admin', grant, role))

  withSettings(
    verb('revoke <user> <role>', 'Revoke a role.', 'latchkey role revoke ada@example.com admin', revoke, role),
  )
}
