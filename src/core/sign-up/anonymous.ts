/** Anonymous users (`POST /signup` without address and number). */

import { newUser, storableMetadata } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { issueTokens, newSession } from '../sessions/sessions'
import type { SignUpResult } from './pending-sign-up'
import type { SignUp } from './sign-up'

/** Creates an account whose only credential is its session. */
export async function signUpAnonymously(
  deps: Deps,
  { data, audience, client }: Pick<SignUp, 'data' | 'audience' | 'client'>,
): Promise<SignUpResult> {
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
  if (registered.outcome !== 'registered') throw new Error(`a new id was already taken: ${registered.outcome}`)
  return { outcome: 'signed_in', issued: await issueTokens(deps, now, registered.opened, session.key) }
}
