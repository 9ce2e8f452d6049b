/** Accounts on the `/api/auth` surface (docs/other-surfaces.md#service-endpoints). */
import type { User } from '../../store'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { provisionMatrixAccount } from '../matrix/provisioning'
import { rolesOfCaller } from '../users/roles'
import { signUp } from './sign-up'

export interface Registration {
  email: string
  password: string
  displayName: string
}

/** Creates an account without signing in. @throws {Refusal} as `signUp` does */
export async function registerForService(
  context: Context,
  { email, password, displayName }: Registration,
): Promise<DescribedUser> {
  const { audience, redirects } = context.policy
  if (email === '') throw new Refusal('email_missing')
  const made = await signUp(context, {
    email,
    phone: undefined,
    password,
    channel: undefined,
    audience,
    isForService: true,
    codeChallenge: undefined,
    codeChallengeMethod: undefined,
    redirectTo: redirects.siteUrl,
    data: displayName === '' ? {} : { display_name: displayName },
  })
  // While confirmation is required, a taken address is answered like a new one.
  const { user } = made.outcome === 'signed_in' ? made.issued : made.account
  const isNewForSure = made.outcome === 'without_session' && user.emailConfirmedAt !== null
  const matrixUserId = isNewForSure ? await provisionMatrixAccount(context, user) : null
  return { user: { ...user, matrixUserId }, roles: ['user'] }
}

export interface DescribedUser {
  user: User
  roles: string[]
}

export async function describeUser(context: Context, { caller }: { caller: Caller }): Promise<DescribedUser> {
  return { user: caller.user, roles: await rolesOfCaller(context, caller) }
}
