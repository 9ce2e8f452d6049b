/** A second factor along with a sign-in, on surfaces that know no challenges (settled 3). */
import type { Factor, Proof, User } from '../../store'
import type { Client, Deps } from '../deps'
import { askMfaHook } from '../hooks/attempt-hooks'
import { Refusal } from '../refusal'
import { guessing } from './guesses'
import { factorsOf } from './own'
import { recoveryProof } from './recovery-codes'
import { stepOf } from './totp'

/**
 * What a code given with a sign-in proves: one of an authenticator app, or a recovery code. The operation that opens the
 * session uses it up, and refuses where it counts no more.
 * @returns undefined where the account needs none
 * @throws {Refusal<'second_factor_needed' | 'too_many_requests' | 'mfa_attempt_rejected'>} also where the code is wrong
 */
export async function proveSecondFactor(
  deps: Deps,
  user: User,
  code: string,
  client: Client,
): Promise<Proof | undefined> {
  const factors = (await factorsOf(deps, user)).filter(({ status }) => status === 'verified')
  if (factors.length === 0) return undefined
  if (code === '') throw new Refusal('second_factor_needed')
  const proof = await guessing(deps, user.id, client, () => judged(deps, { user, factors, code, client }))
  if (!proof) throw new Refusal('second_factor_needed')
  return proof
}

interface Given {
  user: User
  factors: readonly Factor[]
  code: string
  client: Client
}

/** What a code proves, once the hook has heard of it. */
async function judged(deps: Deps, { user, factors, code, client }: Given): Promise<Proof | undefined> {
  const proof = proofOf(deps, factors, code)
  const tried = triedWith(factors, code, proof)
  if (tried) await askMfaHook(deps, { user, factor: tried, isValid: await isRight(deps, proof, tried), client })
  return proof
}

/** What is of another form is no attempt at an authenticator app. */
const TOTP_CODE = /^\d{6}$/

/** Which factor a code was for. Six digits that are none of an authenticator app are a wrong code of it. */
function triedWith(factors: readonly Factor[], code: string, proof: Proof | undefined): Factor | undefined {
  const app = proof?.type !== 'totp' && TOTP_CODE.test(code) && factors.find(({ factorType }) => factorType === 'totp')
  return app || factors.find(({ id }) => id === proof?.factorId)
}

async function isRight({ store }: Deps, proof: Proof | undefined, factor: Factor): Promise<boolean> {
  if (proof?.factorId !== factor.id) return false
  if (proof.type === 'totp') return proof.step > factor.lastStep
  return proof.type === 'recovery_code' && store.isRecoveryCodeOpen(proof)
}

function proofOf(deps: Deps, factors: readonly Factor[], code: string): Proof | undefined {
  const { totp, recoveryCodes } = deps.policy.mfa
  const ofType = (type: Factor['factorType']) => factors.filter(({ factorType }) => factorType === type)
  for (const factor of totp.verifies ? ofType('totp') : []) {
    const step = stepOf(deps, factor, code, deps.clock.now())
    if (step !== undefined) return { type: 'totp', factorId: factor.id, step }
  }
  const [codes] = recoveryCodes.verifies ? ofType('recovery_code') : []
  return codes && recoveryProof(deps, codes, code)
}
