/** Vonage, formerly Nexmo. @see https://developer.vonage.com/en/api/sms */
import type { HttpPost, SmsProvider } from '../../core/kernel/ports'
import { type ProviderOptions, submitMessage, textAt, unsupported } from './request'

export interface VonageOptions extends ProviderOptions {
  apiKey: string
  apiSecret: string
  from: string
}

const BASE_URL = 'https://rest.nexmo.com'

export function vonage(options: VonageOptions, post: HttpPost): SmsProvider {
  const { apiKey, apiSecret, from, baseUrl = BASE_URL, timeoutMs } = options
  return {
    async send({ phone, text, code, channel }) {
      if (channel !== 'sms') return unsupported(channel, 'Vonage')
      const isAscii = /^[\0-\x7f]*$/.test(text)
      return submitMessage(
        {
          provider: 'Vonage',
          url: `${baseUrl}/sms/json`,
          form: { from, to: phone, text, api_key: apiKey, api_secret: apiSecret, ...(!isAscii && { type: 'unicode' }) },
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
}
