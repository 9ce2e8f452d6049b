/** Codes of phone factors, as stored with their challenge. */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { Factor, MfaChallenge } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

/** Hex HMAC-SHA-256 under the pepper, bound to its challenge. */
export const codeHashOf = (pepper: Buffer, challengeId: string, code: string): string =>
  hmacSha256(pepper, `${challengeId}:${code}`).toString('hex')

/**
 * Whether a code was the one sent.
 * @throws {Refusal} if the provider, which created it, refuses it or does not answer
 */
export async function checkPhoneCode(
  { peppers, policy, smsProvider, report }: Context,
  { phone }: Factor,
  challenge: MfaChallenge,
  code: string,
): Promise<boolean> {
  const isTested = phone !== null && Object.hasOwn(policy.sms.testCodes, phone)
  if (smsProvider?.check && phone !== null && policy.sms.delivery === 'provider' && !isTested) {
    const isRight = await smsProvider.check(phone, code).catch((error: unknown) => {
      report('error', 'the SMS provider could not check a code', { error: String(error) })
      throw new Refusal('code_check_failed')
    })
    if (!isRight) throw new Refusal('code_wrong')
    return true
  }
  const { otpCodeHash } = challenge
  return (
    otpCodeHash !== null && peppers.some((pepper) => secretEqual(codeHashOf(pepper, challenge.id, code), otpCodeHash))
  )
}
