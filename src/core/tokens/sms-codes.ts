/** Who creates and checks the codes that are sent by SMS: this server, the settings for test numbers, or the provider. */
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

/** The fixed code of a test number; undefined for other numbers, and once these codes are no longer valid. */
export function testCode({ policy, now }: Pick<Context, 'policy' | 'now'>, phone: string): string | undefined {
  const { testCodes, testCodesUntil } = policy.sms
  if (testCodesUntil !== undefined && now > testCodesUntil) return undefined
  return Object.hasOwn(testCodes, phone) ? testCodes[phone] : undefined
}

type ProviderContext = Pick<Context, 'policy' | 'now' | 'smsProvider' | 'report'>

/**
 * The check of a provider that creates the codes itself.
 * @returns undefined if the codes to this number are created here. The check resolves to whether the code is right, and
 *   throws `Refusal<'code_check_failed'>` if the provider does not answer
 */
export function providerCheck(
  context: ProviderContext,
  phone: string,
): ((code: string) => Promise<boolean>) | undefined {
  const { policy, smsProvider, report } = context
  const check = smsProvider?.check
  if (!check || policy.sms.delivery !== 'provider' || testCode(context, phone) !== undefined) return undefined
  return async (code) => {
    try {
      return await check(phone, code)
    } catch (error) {
      report('error', 'the SMS provider could not check a code', { error: String(error) })
      throw new Refusal('code_check_failed')
    }
  }
}
