/** Anonymous users (`POST /signup` without address and number). */
import type { OpenedSession } from '../../store'
import { callAfterUserCreated } from '../hooks/after-user-created'
import { requireUserAllowed } from '../hooks/before-user-created'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAttempt } from '../kernel/request-facts'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { newUser, storableMetadata } from '../users/users'
import type { SignUpResult } from './pending-sign-up'
import type { SignUp } from './sign-up'

/** Creates an account whose only credential is its session. */
export async function signUpAnonymously(
  arriving: Context,
  { data, audience }: Pick<SignUp, 'data' | 'audience'>,
): Promise<SignUpResult> {
  const { policy, random, limits, client } = arriving
  noteAttempt(arriving, 'anonymous')
  if (!policy.signup.anonymous) throw new Refusal('anonymous_disabled')
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  limits.request('anonymous', client.ip)
  const id = random.uuid()
  const proposed = {
    id,
    aud: audience,
    isAnonymous: true,
    rawAppMetaData: {},
    rawUserMetaData: storableMetadata(data),
  }
  const context = await requireUserAllowed(arriving, proposed)
  const user = newUser(context, { ...proposed, lastSignInAt: context.now })
  const session = newSession(context, id, 'anonymous')
  const audit = [auditEntry(context, 'login', user)]
  const registered = await context.store.registerUser({ user, identities: [], session: session.row, audit })
  if (registered.outcome !== 'registered') throw new Error(`an account without contacts met ${registered.outcome}`)
  await callAfterUserCreated(context, registered.opened.user)
  return { outcome: 'signed_in', issued: await issueAnonymousTokens(context, registered.opened, session) }
}

/** GoTrue has one answer for everything that may fail from here. */
async function issueAnonymousTokens(
  context: Context,
  opened: OpenedSession,
  session: ReturnType<typeof newSession>,
): Promise<IssuedSession> {
  try {
    return await issueFirstTokens(context, opened, session, [{ kind: 'anonymous_user' }])
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('anonymous_user_not_created') : error
  }
}
