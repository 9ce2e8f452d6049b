/** Twilio Verify, which generates, words and checks the codes itself. @see https://www.twilio.com/docs/verify/api */
import { defineSmsProvider } from './provider'
import { errorText, postForm, submitMessage, textAt } from './request'
import { basicAuth, twilioError } from './twilio'

const BASE_URL = 'https://verify.twilio.com'
/** Invalid parameter, such as a code of the wrong length; and too many attempts for this code. */
const WRONG_CODE_ERRORS = ['60200', '60202']

export const twilioVerify = defineSmsProvider({
  name: 'twilio_verify',
  sendsWhatsapp: true,
  settings: {
    accountSid: { setting: 'account_sid', doc: 'Twilio Verify: account SID.' },
    authToken: { setting: 'auth_token', isSecret: true, doc: 'Twilio Verify: auth token.' },
    // `VA…`
    serviceSid: { setting: 'message_service_sid', doc: 'Twilio Verify: service SID.' },
  },
  /** `check` throws if Twilio did not check the code. */
  create({ accountSid, authToken, serviceSid }, post, { baseUrl = BASE_URL, timeoutMs } = {}) {
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
  },
})
