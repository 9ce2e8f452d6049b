import type { Command } from 'commander'
import type { RequestCore } from '../core'
import { Refusal } from '../core/kernel/refusal'
import { IMPLICIT_ROLE } from '../core/users/roles'
import { OPERATOR, userNamed, withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print } from './output'

/** `latchkey role list <user>`: the roles of a user, given by id, email address, username or uid. */
export const listRolesOf = (command: Command) => withRoles(command, (core, user) => core.listRoles({ user }))

/** `latchkey role grant <user> <role>`: works while the server is running; the next token contains the role. */
export const grant = (command: Command) =>
  withRoles(command, (core, user, role) => core.grantRole({ admin: OPERATOR, user, role }))

/** `latchkey role revoke <user> <role>` */
export const revoke = (command: Command) =>
  withRoles(command, (core, user, role) => core.revokeRole({ admin: OPERATOR, user, role }))

const withRoles = (
  command: Command,
  work: (core: RequestCore, user: string, role: string) => Promise<string[]>,
): Promise<void> =>
  withCore(command, async (task) => {
    const [named = '', role = ''] = command.args
    const core = task()
    const { id } = await userNamed(core, named)
    try {
      const roles = await work(core, id, role)
      print(command, { id, roles }, () => roles.join(' '))
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'role_unknown') throw error
      const known = await core.listRoleNames()
      if (role === IMPLICIT_ROLE) fail(`every account has the role ${role}, which cannot be revoked`, EXIT.refused)
      if (known.includes(role)) fail(`${named} does not have the role ${role}`, EXIT.notFound)
      fail(
        `unknown role ${role}; the roles that can be granted or revoked are: ${known.join(', ')}. Further roles are named in AUTH_JWT_ROLE_CLAIMS.`,
        EXIT.notFound,
      )
    }
  })
