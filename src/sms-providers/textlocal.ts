/** Textlocal, India. @see https://api.txtlocal.com/docs/sendsms */
import { defineSmsProvider } from './provider'
import { submitMessage, textAt, unsupported } from './request'

const BASE_URL = 'https://api.textlocal.in'

export const textlocal = defineSmsProvider({
  name: 'textlocal',
  sendsWhatsapp: false,
  settings: {
    apiKey: { setting: 'api_key', isSecret: true, doc: 'Textlocal: API key.' },
    sender: { setting: 'sender', doc: 'Textlocal: sender.' },
  },
  create({ apiKey, sender }, post, { baseUrl = BASE_URL, timeoutMs } = {}) {
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
  },
})
