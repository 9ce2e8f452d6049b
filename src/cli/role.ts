import type { Command } from 'commander'
import { systemClock, systemRandom } from '../adapters/system'
import { policyOf } from '../compose/policy'
import { NO_CLIENT } from '../core/kernel/context'
import { Refusal } from '../core/kernel/refusal'
import { grantRole, listRoleNames, listRoles, type RoleContext, revokeRole } from '../core/users/roles'
import { openServerStore } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { requireSettings } from './settings'

const admin = { role: 'command_line' }

/** `latchkey role list <user>`: the roles of a user, given by id, email address, username or uid. */
export const listRolesOf = (command: Command) => withRoles(command, (context, user) => listRoles(context, { user }))

/** `latchkey role grant <user> <role>`: works while the server is running; the next token contains the role. */
export const grant = (command: Command) =>
  withRoles(command, (context, user, role) => grantRole(context, { admin, user, role }))

/** `latchkey role revoke <user> <role>` */
export const revoke = (command: Command) =>
  withRoles(command, (context, user, role) => revokeRole(context, { admin, user, role }))

async function withRoles(
  command: Command,
  work: (context: RoleContext, user: string, role: string) => Promise<string[]>,
): Promise<void> {
  const [user = '', role = ''] = command.args
  const { settings } = requireSettings(command)
  const store = await exitOnError(() => openServerStore(settings))
  const now = systemClock.now()
  const context = { store, now, client: NO_CLIENT, random: systemRandom, policy: policyOf(settings) }
  try {
    const roles = await work(context, user, role)
    process.stdout.write(`${roles.join(' ')}\n`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.reason === 'user_unknown')
      fail(`no user found for ${user} (looked up by id, email address, username and uid)`, EXIT.notFound)
    fail(
      `unknown role ${role}; the roles that can be granted or revoked are: ${(await listRoleNames(context)).join(', ')}`,
      EXIT.notFound,
    )
  } finally {
    await store.close()
  }
}
