/** Codes of phone factors, as stored with their challenge. */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { Factor, MfaChallenge } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { providerCheck } from '../tokens/sms-codes'

/** Hex HMAC-SHA-256 under the pepper, bound to its challenge. */
export const codeHashOf = (pepper: Buffer, challengeId: string, code: string): string =>
  hmacSha256(pepper, `${challengeId}:${code}`).toString('hex')

/**
 * Whether a code was the one sent.
 * @throws {Refusal} if the provider, which created it, refuses it or does not answer
 */
export async function checkPhoneCode(
  context: Context,
  { phone }: Factor,
  challenge: MfaChallenge,
  code: string,
): Promise<boolean> {
  const askProvider = phone === null ? undefined : providerCheck(context, phone)
  if (askProvider) {
    if (!(await askProvider(code))) throw new Refusal('code_wrong')
    return true
  }
  const { otpCodeHash } = challenge
  const isSent = (pepper: Buffer) => secretEqual(codeHashOf(pepper, challenge.id, code), otpCodeHash ?? '')
  return otpCodeHash !== null && context.peppers.some(isSent)
}
