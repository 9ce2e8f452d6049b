/** Signatures of webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */
import { hmacSha256 } from './secrets'

export interface SignedWebhook {
  id: string
  /** Unix seconds. */
  timestamp: string
  body: string
}

/** One signature for each key. */
export const webhookSignatures = (keys: readonly Buffer[], { id, timestamp, body }: SignedWebhook): string[] =>
  keys.map((key) => `v1,${hmacSha256(key, `${id}.${timestamp}.${body}`).toString('base64')}`)
