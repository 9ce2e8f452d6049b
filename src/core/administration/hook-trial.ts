/** Calls of hooks with examples, for `latchkey hook test`. Nothing is written. */
import { HOOKS, type HookKey } from '../../hooks'
import { type HookInput, readOutput } from '../../hooks/define'
import { isTooDeep, type JsonObject } from '../../lib/json'
import type { Account, User } from '../../store'
import { payloadOf, requestAnswer } from '../hooks/call-hook'
import { acceptClaims } from '../hooks/custom-access-token'
import { throwErrorIn } from '../hooks/hook-answer'
import { hookIdentity, hookUser } from '../hooks/hook-user'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { newSession, nextClaims } from '../sessions/issue-tokens'
import { newUser } from '../users/users'

export interface HookTrial {
  uri: string
  /** What was sent. */
  payload: object
  /** What came back, parsed; undefined if nothing usable did, or it is nested too deeply to be shown. */
  answer: unknown
  /** Why the request would have been refused; undefined if it would not. */
  refusal: Refusal | undefined
  /** For the Custom Access Token hook: the claims that would be signed. */
  claims: JsonObject | undefined
  durationMs: number
}

/**
 * Calls a hook as a request would.
 * @param userId of the account that it is about; an invented one if undefined
 * @returns undefined if the hook is not set, or the account does not exist
 */
export async function tryHook(
  context: Context,
  { key, userId }: { key: HookKey; userId: string | undefined },
): Promise<HookTrial | undefined> {
  const { clock, policy, store } = context
  const hook = policy.hooks[key]
  const account = userId === undefined ? inventedAccount(context) : await store.findAccount(userId)
  if (!hook || !account) return undefined
  const { claims: given } = await claimsOf(context, account)
  const about = { user: hookUser(account.user), identities: account.identities.map(hookIdentity), claims: given }
  const payload = payloadOf(context, key, HOOKS[key].sample(about) as HookInput<(typeof HOOKS)[HookKey]>)
  const trial: HookTrial = {
    ...{ uri: hook.uri, payload, answer: undefined, refusal: undefined, claims: undefined },
    durationMs: 0,
  }
  const begun = clock.monotonic()
  try {
    const answer = await requestAnswer(context, hook, payload).finally(() => {
      trial.durationMs = Math.round(clock.monotonic() - begun)
    })
    if (!isTooDeep(answer)) trial.answer = answer
    throwErrorIn(answer)
    throwRejection(key, answer)
    if (key === 'customAccessToken') trial.claims = acceptClaims(readOutput(HOOKS[key], answer).claims, given).kept
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    trial.refusal = error
  }
  return trial
}

/** Hooks that receive attempts reject them without an error. */
function throwRejection(key: HookKey, answer: unknown): void {
  const reasons = {
    mfaVerification: 'mfa_attempt_rejected',
    passwordVerification: 'password_attempt_rejected',
  } as const
  if (key !== 'mfaVerification' && key !== 'passwordVerification') return
  const { decision, message } = readOutput(HOOKS[key], answer)
  if (decision === 'reject') throw new Refusal(reasons[key], message === undefined ? {} : { detail: message })
}

async function claimsOf(context: Context, account: Account) {
  const { session, method } = newSession(context, account.user.id, 'password').row
  const { id: sessionId, createdAt } = session
  const amr = [{ sessionId, authenticationMethod: method, createdAt, updatedAt: createdAt }]
  return nextClaims(context, { ...account, session, amr })
}

function inventedAccount(context: Context): Account {
  const made = newUser(context, {
    id: context.random.uuid(),
    email: 'ada@example.com',
    emailConfirmedAt: context.now,
    rawAppMetaData: { provider: 'email', providers: ['email'] },
  })
  const user: User = { ...made, uid: 0, confirmedAt: context.now }
  return { user, identities: [], factors: [] }
}
