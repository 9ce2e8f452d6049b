/** Twilio Verify, which generates, words and checks the codes itself. @see https://www.twilio.com/docs/verify/api */
import type { HttpPost, SmsProvider } from '../../core/kernel/ports'
import { errorText, type ProviderOptions, postForm, submitMessage, textAt } from './request'
import { basicAuth, twilioError } from './twilio'

export interface TwilioVerifyOptions extends ProviderOptions {
  accountSid: string
  authToken: string
  /** `VA…` */
  serviceSid: string
}

const BASE_URL = 'https://verify.twilio.com'
/** Invalid parameter, such as a code of the wrong length; and too many attempts for this code. */
const WRONG_CODE_ERRORS = ['60200', '60202']

/** `check` throws if Twilio did not check the code. */
export function twilioVerify(options: TwilioVerifyOptions, post: HttpPost): SmsProvider {
  const { accountSid, authToken, serviceSid, baseUrl = BASE_URL, timeoutMs } = options
  const request = (resource: string, form: Record<string, string>) => ({
    provider: 'Twilio Verify',
    url: `${baseUrl}/v2/Services/${encodeURIComponent(serviceSid)}/${resource}`,
    headers: { authorization: basicAuth(accountSid, authToken) },
    form,
    secrets: [accountSid, authToken],
    timeoutMs,
  })
  return {
    send: ({ phone, channel }) =>
      submitMessage(request('Verifications', { To: `+${phone}`, Channel: channel }), post, ({ status, body }) => {
        const id = textAt(body, 'sid')
        return [200, 201].includes(status) && id !== '' ? { id } : { error: twilioError(body) }
      }),
    async check(phone, code) {
      const asked = request('VerificationCheck', { To: `+${phone}`, Code: code })
      const answer = await postForm(asked, post)
      // A verification that expired, was approved or took too many attempts is deleted.
      if (answer.status === 404) return false
      if ('error' in answer) throw new Error(answer.error)
      const { status, body } = answer
      const verdict = textAt(body, 'status')
      if ([200, 201].includes(status) && verdict !== '') return verdict === 'approved'
      if (WRONG_CODE_ERRORS.includes(textAt(body, 'code'))) return false
      throw new Error(errorText(`Twilio Verify answered ${status} ${twilioError(body)}`, asked))
    },
  }
}
