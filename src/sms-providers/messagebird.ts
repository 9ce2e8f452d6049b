/** MessageBird. @see https://developers.messagebird.com/api/sms-messaging */
import { defineSmsProvider } from './provider'
import { submitMessage, textAt, unsupported } from './request'

const BASE_URL = 'https://rest.messagebird.com'

export const messageBird = defineSmsProvider({
  name: 'messagebird',
  sendsWhatsapp: false,
  settings: {
    accessKey: { setting: 'access_key', isSecret: true, doc: 'MessageBird: access key.' },
    originator: { setting: 'originator', doc: 'MessageBird: sender.' },
  },
  create({ accessKey, originator }, post, { baseUrl = BASE_URL, timeoutMs } = {}) {
    return {
      async send({ phone, text, code, channel }) {
        if (channel !== 'sms') return unsupported(channel, 'MessageBird')
        return submitMessage(
          {
            provider: 'MessageBird',
            url: `${baseUrl}/messages`,
            headers: { authorization: `AccessKey ${accessKey}` },
            form: { originator, body: text, recipients: phone, type: 'sms', datacoding: 'unicode' },
            secrets: [accessKey, code],
            timeoutMs,
          },
          post,
          ({ status, body }) => {
            const id = textAt(body, 'id')
            const sent = Number(textAt(body, 'recipients', 'totalSentCount'))
            return [200, 201].includes(status) && id !== '' && sent > 0
              ? { id }
              : { error: textAt(body, 'errors', 0, 'description') }
          },
        )
      },
    }
  },
})
