/** Accounts on the federation surface. */
import type { ExternalSession, User } from '../../store'
import { createUser } from '../accounts/admin'
import { introspect } from '../authentication/introspect'
import type { Admin } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireStrongPassword } from '../passwords/password-strength'
import { findExternal } from './authentication'

export interface NewAccount {
  admin: Admin
  username: string
  email: string
  password: string
}

/** Creates an account with a confirmed address. */
export async function createFederatedUser(
  context: Context,
  { admin, username, email, password }: NewAccount,
): Promise<User> {
  if (email === '') throw new Refusal('email_missing')
  if (password === '') throw new Refusal('password_missing')
  await requireStrongPassword(context, password)
  const given = { username, email, password, confirmEmail: true, confirmPhone: false }
  return (await createUser(context, { admin, given, audience: context.policy.audience })).user
}

/** The subject of a token; `exp` in Unix seconds, undefined if it does not expire. */
export type FederatedIntrospection =
  | { kind: 'local'; user: User; exp: number | undefined }
  | { kind: 'external'; userRef: string; session: ExternalSession; exp: number }

/** @returns undefined for an inactive token */
export async function introspectFederated(
  context: Context,
  { token }: { token: string },
): Promise<FederatedIntrospection | undefined> {
  try {
    const external = await findExternal(context, token)
    if (external)
      return {
        kind: 'external',
        userRef: external.userRef,
        session: external.session,
        exp: Math.floor(external.session.expiresAt / 1000),
      }
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
  const found = await introspect(context, { token })
  return found && { kind: 'local', user: found.user, exp: found.expiresAt }
}
