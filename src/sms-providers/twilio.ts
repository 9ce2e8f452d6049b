/** Twilio Programmable Messaging. @see https://www.twilio.com/docs/messaging/api/message-resource */
import type { OutgoingSms } from '../core/kernel/ports'
import type { Json } from '../lib/json'
import { defineSmsProvider } from './provider'
import { submitMessage, textAt } from './request'

const BASE_URL = 'https://api.twilio.com'

export const twilio = defineSmsProvider({
  name: 'twilio',
  sendsWhatsapp: true,
  settings: {
    accountSid: { setting: 'account_sid', doc: 'Twilio: account SID.' },
    authToken: { setting: 'auth_token', isSecret: true, doc: 'Twilio: auth token.' },
    // a messaging service (`MG…`), or a sender number or name
    sender: { setting: 'message_service_sid', doc: 'Twilio: messaging service, or the sender number.' },
    // Its variable 1 is the code. Without a template, WhatsApp receives the text.
    contentSid: { setting: 'content_sid', isOptional: true, doc: 'Twilio: content template for WhatsApp messages.' },
  },
  create(options, post, { baseUrl = BASE_URL, timeoutMs } = {}) {
    const { accountSid, authToken } = options
    return {
      send: (sms) =>
        submitMessage(
          {
            provider: 'Twilio',
            url: `${baseUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`,
            headers: { authorization: basicAuth(accountSid, authToken) },
            form: form(sms, options),
            secrets: [accountSid, authToken, sms.code],
            timeoutMs,
          },
          post,
          ({ status, body }) => {
            const id = textAt(body, 'sid')
            const isFailed = ['failed', 'undelivered'].includes(textAt(body, 'status'))
            if ([200, 201].includes(status) && id !== '' && !isFailed) return { id }
            return { error: textAt(body, 'error_message') || twilioError(body) }
          },
        ),
    }
  },
})

function form(
  { phone, text, code, channel }: OutgoingSms,
  { sender, contentSid }: { sender: string; contentSid: string },
): Record<string, string> {
  const address = (number: string) =>
    channel === 'whatsapp' && !number.startsWith('whatsapp:') ? `whatsapp:${number}` : number
  const content: Record<string, string> =
    channel === 'whatsapp' && contentSid
      ? { ContentSid: contentSid, ContentVariables: JSON.stringify({ 1: code }) }
      : { Body: text }
  const from: Record<string, string> = sender.startsWith('MG')
    ? { MessagingServiceSid: sender }
    : { From: address(sender) }
  return { To: address(`+${phone}`), Channel: channel, ...from, ...content }
}

export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Twilio's error message, with the page that explains it. */
export function twilioError(body: Json): string {
  const [message, page] = [textAt(body, 'message'), textAt(body, 'more_info')]
  return message && page ? `${message} More information: ${page}` : message
}
