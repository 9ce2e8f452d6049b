/** Anonymous users (contract 1.2). */

import { newUser, storableMetadata } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { issue, newSession } from '../sessions/sessions'
import type { SignedUp } from './applicant'
import type { SignUp } from './sign-up'

/** Makes an account with nothing to sign in with but the session it gets. */
export async function signUpAnonymously(
  deps: Deps,
  { data, audience, client }: Pick<SignUp, 'data' | 'audience' | 'client'>,
): Promise<SignedUp> {
  const { policy, clock, random, limits } = deps
  if (!policy.signup.anonymous) throw new Refusal('anonymous_disabled')
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  limits.request('anonymous', client.ip)
  const now = clock.now()
  const id = random.uuid()
  const user = newUser(deps, now, {
    id,
    aud: audience,
    isAnonymous: true,
    lastSignInAt: now,
    rawUserMetaData: storableMetadata(data),
  })
  const session = newSession(deps, now, id, 'anonymous', client)
  const audit = [auditEntry(deps, now, 'login', user)]
  const registered = await deps.store.registerUser({ user, identities: [], session: session.row, audit })
  if (registered.outcome !== 'registered') throw new Error(`a fresh id was taken: ${registered.outcome}`)
  return { outcome: 'signed_in', issued: await issue(deps, now, registered.opened, session.key) }
}
