/** Textlocal, India. @see https://api.txtlocal.com/docs/sendsms */
import type { HttpPost, SmsProvider } from '../../core/kernel/ports'
import { type ProviderOptions, submitMessage, textAt, unsupported } from './request'

export interface TextlocalOptions extends ProviderOptions {
  apiKey: string
  sender: string
}

const BASE_URL = 'https://api.textlocal.in'

export function textlocal(options: TextlocalOptions, post: HttpPost): SmsProvider {
  const { apiKey, sender, baseUrl = BASE_URL, timeoutMs } = options
  return {
    async send({ phone, text, code, channel }) {
      if (channel !== 'sms') return unsupported(channel, 'Textlocal')
      return submitMessage(
        {
          provider: 'Textlocal',
          url: `${baseUrl}/send/`,
          form: { sender, apikey: apiKey, message: text, numbers: phone },
          secrets: [apiKey, code],
          timeoutMs,
        },
        post,
        // Rejections also have status 200.
        ({ status, body }) =>
          status === 200 && textAt(body, 'status') === 'success'
            ? { id: textAt(body, 'messages', 0, 'id') }
            : { error: textAt(body, 'errors', 0, 'message') || textAt(body, 'warnings', 0, 'message') },
      )
    },
  }
}
