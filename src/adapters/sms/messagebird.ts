/** MessageBird. @see https://developers.messagebird.com/api/sms-messaging */
import type { HttpPost, SmsProvider } from '../../core/kernel/ports'
import { type ProviderOptions, submitMessage, textAt, unsupported } from './request'

export interface MessageBirdOptions extends ProviderOptions {
  accessKey: string
  originator: string
}

const BASE_URL = 'https://rest.messagebird.com'

export function messageBird(options: MessageBirdOptions, post: HttpPost): SmsProvider {
  const { accessKey, originator, baseUrl = BASE_URL, timeoutMs } = options
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
}
