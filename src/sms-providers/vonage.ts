/** Vonage, formerly Nexmo. @see https://developer.vonage.com/en/api/sms */
import { defineSmsProvider } from './provider'
import { submitMessage, textAt, unsupported } from './request'

const BASE_URL = 'https://rest.nexmo.com'

export const vonage = defineSmsProvider({
  name: 'vonage',
  sendsWhatsapp: false,
  settings: {
    apiKey: { setting: 'api_key', doc: 'Vonage: API key.' },
    apiSecret: { setting: 'api_secret', isSecret: true, doc: 'Vonage: API secret.' },
    from: { setting: 'from', doc: 'Vonage: sender.' },
  },
  create({ apiKey, apiSecret, from }, post, { baseUrl = BASE_URL, timeoutMs } = {}) {
    return {
      async send({ phone, text, code, channel }) {
        if (channel !== 'sms') return unsupported(channel, 'Vonage')
        const isAscii = /^[\0-\x7f]*$/.test(text)
        return submitMessage(
          {
            provider: 'Vonage',
            url: `${baseUrl}/sms/json`,
            form: {
              from,
              to: phone,
              text,
              api_key: apiKey,
              api_secret: apiSecret,
              ...(!isAscii && { type: 'unicode' }),
            },
            secrets: [apiKey, apiSecret, code],
            timeoutMs,
          },
          post,
          // Rejections also have status 200.
          ({ status, body }) =>
            status === 200 && textAt(body, 'messages', 0, 'status') === '0'
              ? { id: textAt(body, 'messages', 0, 'message-id') }
              : { error: textAt(body, 'messages', 0, 'error-text') },
        )
      },
    }
  },
})
