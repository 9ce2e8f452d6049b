/** Creates many accounts from a list, for development and for a move from another server. */
import type { User } from '../../store'
import { checkNewUser, createUser, type UserInput } from '../accounts/admin'
import type { Admin } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireStrongPassword } from '../passwords/password-strength'
import { grantRole, listRoleNames } from '../users/roles'

export interface SeedUser {
  given: UserInput
  roles: readonly string[]
}

export interface SeedProblem {
  /** Position in the list, from 0. */
  index: number
  /** `duplicate`: an earlier entry has the same identifier. */
  problem: Refusal | { duplicate: string }
}

/**
 * Checks a whole list before anything is created: each entry by itself, against the others, and against the accounts
 * that there are. An account whose address exists already is no problem: it stays as it is.
 */
export async function findSeedProblems(context: Context, users: readonly SeedUser[]): Promise<SeedProblem[]> {
  const problems: SeedProblem[] = []
  const known = new Set<string>()
  const roleNames = new Set([...(await listRoleNames(context)), 'user'])
  for (const [index, { given, roles }] of users.entries()) {
    try {
      const { email, phone, username, id } = checkNewUser(context, given)
      if (given.password) await requireStrongPassword(context, given.password)
      if (!roles.every((role) => roleNames.has(role))) throw new Refusal('role_unknown')
      for (const identifier of [email, phone && `+${phone}`, username, id])
        if (identifier && known.has(identifier)) problems.push({ index, problem: { duplicate: identifier } })
        else if (identifier) known.add(identifier)
      if (!(await accountAt(context, { email, phone }))) await requireFree(context, { email, phone, username, id })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push({ index, problem: error })
    }
  }
  return problems
}

type Addresses = Record<'email' | 'phone', string | undefined>

/** The account of an entry: by its email address, or else by its phone number. */
const accountAt = ({ store }: Pick<Context, 'store'>, { email, phone }: Addresses) =>
  email ? store.findUserByEmail(email) : store.findUserByPhone(phone ?? '')

async function requireFree(
  { store }: Pick<Context, 'store'>,
  { phone, username, id }: Addresses & { username: string | null; id: string | undefined },
): Promise<void> {
  if (phone && (await store.findUserByPhone(phone))) throw new Refusal('phone_taken_by_another')
  if (username && (await store.findUserByUsername(username))) throw new Refusal('username_taken')
  if (id && (await store.findUser(id))) throw new Refusal('id_taken')
}

/** Creates an account unless its address exists, and grants the roles that it does not have. */
export async function seedUser(
  context: Context,
  { admin, user: { given, roles } }: { admin: Admin; user: SeedUser },
): Promise<{ outcome: 'created' | 'present'; user: User }> {
  const addresses = checkNewUser(context, given)
  const present = await accountAt(context, addresses)
  const seeded = present ? { outcome: 'present' as const, user: present } : await createOrFind()
  for (const role of roles) if (role !== 'user') await grantRole(context, { admin, user: seeded.user.id, role })
  return seeded

  /** Another process may seed the same list. */
  async function createOrFind() {
    try {
      const { user } = await createUser(context, { admin, given, audience: context.policy.audience })
      return { outcome: 'created' as const, user }
    } catch (error) {
      const other = error instanceof Refusal ? await accountAt(context, addresses) : undefined
      if (!other) throw error
      return { outcome: 'present' as const, user: other }
    }
  }
}
