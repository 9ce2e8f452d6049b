/** The second factor of a one-step sign-in, on surfaces without challenges (docs/decisions.md#d3). */
import type { Factor, Proof, User } from '../../store'
import { callMfaAttemptHook } from '../hooks/attempt-hooks'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { factorsOf } from '../users/second-factor-status'
import { withCountedAttempt } from './attempt-limit'
import { recoveryProof } from './recovery-codes'
import { stepOf } from './totp'

/**
 * Checks the code given with a sign-in: TOTP or a recovery code. The operation that opens the session consumes it, and
 * refuses if it is no longer valid.
 * @returns undefined if the account needs none
 * @throws {Refusal} if the code is missing or wrong
 */
export async function verifySecondFactor(context: Context, user: User, code: string): Promise<Proof | undefined> {
  const factors = (await factorsOf(context, user)).filter(({ status }) => status === 'verified')
  if (factors.length === 0) return undefined
  if (code === '') throw new Refusal('second_factor_needed')
  const proof = await withCountedAttempt(context, user.id, () => checkCode(context, { user, factors, code }))
  if (!proof) throw new Refusal('second_factor_needed')
  return proof
}

interface Given {
  user: User
  factors: readonly Factor[]
  code: string
}

/** The proof for a code, after the hook was called; undefined if the code is wrong. */
async function checkCode(context: Context, { user, factors, code }: Given): Promise<Proof | undefined> {
  const proof = proofOf(context, factors, code)
  const tried = attemptedFactor(factors, code, proof)
  if (tried) await callMfaAttemptHook(context, { user, factor: tried, isValid: await isRight(context, proof, tried) })
  return proof
}

/** Anything else is not a TOTP attempt. */
const TOTP_CODE = /^\d{6}$/

/**
 * The factor that a code belongs to. Six digits that match no authenticator app are treated as a wrong code of the app.
 */
function attemptedFactor(factors: readonly Factor[], code: string, proof: Proof | undefined): Factor | undefined {
  const app =
    proof?.type !== 'totp' && TOTP_CODE.test(code.trim()) && factors.find(({ factorType }) => factorType === 'totp')
  return app || factors.find(({ id }) => id === proof?.factorId)
}

async function isRight({ store }: Context, proof: Proof | undefined, factor: Factor): Promise<boolean> {
  if (proof?.factorId !== factor.id) return false
  if (proof.type === 'totp') return proof.step > factor.lastStep
  return proof.type === 'recovery_code' && store.isRecoveryCodeOpen(proof)
}

function proofOf(context: Context, factors: readonly Factor[], code: string): Proof | undefined {
  const { totp, recoveryCodes } = context.policy.mfa
  const ofType = (type: Factor['factorType']) => factors.filter(({ factorType }) => factorType === type)
  for (const factor of totp.verifyEnabled ? ofType('totp') : []) {
    const step = stepOf(context, factor, code)
    if (step !== undefined) return { type: 'totp', factorId: factor.id, step }
  }
  const [codes] = recoveryCodes.verifyEnabled ? ofType('recovery_code') : []
  return codes && recoveryProof(context, codes, code)
}
