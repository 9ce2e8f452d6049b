/** The operator's server that receives events, in the process of the test. */
import { Webhook } from 'standardwebhooks'
import type { HttpPost, HttpResult } from '../../src/core/kernel/ports'
import type { Json } from './app'

const SECRET = Buffer.from('a secret that signs events, for tests').toString('base64')

export const EVENTS = {
  AUTH_EVENTS_URL: 'https://backend.example.com/events',
  AUTH_EVENTS_SECRETS: `v1,whsec_${SECRET}`,
}

export interface Received {
  /** The webhook id. */
  id: string
  type: string
  timestamp: string
  data: Json
  /** The account. */
  user: string
  headers: Record<string, string>
  body: string
}

export interface EventReceiver {
  post: HttpPost
  /** Everything that came, in order, whatever it was answered. */
  received: Received[]
  /** How requests are answered; status 204 until it is set. */
  answer(event: Received): Promise<Status> | Status
  /** Resolves once there were as many requests. */
  arrived(count: number): Promise<void>
}

type Status = number | 'unreachable' | 'timed_out'

export function eventReceiver(secret = SECRET): EventReceiver {
  const webhook = new Webhook(secret)
  const waiting: { count: number; resolve(): void }[] = []
  const receiver: EventReceiver = {
    received: [],
    answer: () => 204,
    arrived: (count) =>
      new Promise((resolve) => {
        if (receiver.received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    async post({ url, headers, body }) {
      if (url !== EVENTS.AUTH_EVENTS_URL) throw new Error(`posted to ${url}`)
      const { type, timestamp, data } = JSON.parse(body)
      const event = { id: headers['webhook-id'] ?? '', type, timestamp, data, user: data.user.id, headers, body }
      // The time of a test's clock would be too old for `verify`, which checks the same signature.
      const sentAt = new Date(Number(headers['webhook-timestamp']) * 1000)
      const expected = webhook.sign(event.id, sentAt, body)
      if (!headers['webhook-signature']?.split(' ').includes(expected)) throw new Error('the signature is wrong')
      receiver.received.push(event)
      const answered = receiver.answer(event)
      for (const each of waiting) if (receiver.received.length >= each.count) each.resolve()
      return resultOf(await answered)
    },
  }
  return receiver
}

function resultOf(status: Status): HttpResult {
  if (status === 'timed_out') return { outcome: 'timed_out' }
  if (status === 'unreachable') return { outcome: 'unreachable', error: 'connection refused' }
  return { outcome: 'answered', status, contentType: '', retryAfter: '', body: '', isTooLarge: false }
}
