/** Hooks over HTTP. Requests are signed according to Standard Webhooks; a call has at most three attempts. */
import { parseMediaType } from '../../lib/media-type'
import { webhookSignatures } from '../../lib/webhook-signature'
import type { Context } from '../kernel/context'
import type { HttpHook } from '../kernel/policy'
import type { HttpResult } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { MAX_ANSWER_BYTES, parseAnswer } from './hook-answer'

const ATTEMPTS = 3
const BACK_OFF_MS = 2000

export interface HttpCall {
  /** JSON. */
  body: string
  /** Of the whole call, on the monotonic clock. */
  deadline: number
  /** The id of every attempt; if undefined, each has its own, as in GoTrue. */
  id?: string | undefined
}

/** @returns the answer, parsed @throws {Refusal} whose reason starts with `hook_` */
export async function callHttpHook(context: Context, hook: HttpHook, call: HttpCall): Promise<unknown> {
  const { body, deadline } = call
  const { clock, post } = context
  for (let attempt = 1; ; attempt++) {
    const timeoutMs = deadline - clock.monotonic()
    if (timeoutMs <= 0) throw new Refusal('hook_timed_out')
    const answer = await post({
      url: hook.uri,
      headers: {
        'content-type': 'application/json',
        'accept-encoding': 'identity',
        ...signatureHeaders(context, hook, call),
      },
      body,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    })
    const isLast = attempt === ATTEMPTS
    switch (answer.outcome) {
      case 'timed_out':
        throw new Refusal('hook_timed_out')
      case 'answered':
        // GoTrue asks again at once, whatever the header says.
        if (isLast || !asksToRetry(answer)) return readAnswer(answer)
        break
      case 'unreachable':
        if (isLast) throw new Refusal('hook_out_of_attempts')
        await clock.sleep(Math.min(BACK_OFF_MS, Math.max(0, deadline - clock.monotonic())))
    }
  }
}

/** One signature per secret, over id, time and body (Standard Webhooks 1.0); without secrets, the header is empty. */
function signatureHeaders(
  { clock, random }: Context,
  { secrets }: HttpHook,
  { body, id = random.uuid() }: HttpCall,
): Record<string, string> {
  const timestamp = String(Math.floor(clock.now() / 1000))
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': webhookSignatures(secrets, { id, timestamp, body }).join(', '),
  }
}

type HookResponse = Extract<HttpResult, { outcome: 'answered' }>

const asksToRetry = ({ status, retryAfter }: HookResponse) => (status === 429 || status === 503) && retryAfter !== ''

function readAnswer({ status, contentType, body, isTooLarge }: HookResponse): unknown {
  switch (status) {
    case 204:
      return {}
    case 200:
    case 202:
      break
    case 400:
      throw new Refusal('hook_payload_refused')
    case 401:
      throw new Refusal('hook_unauthorised')
    case 429:
    case 503:
      throw new Refusal('hook_unavailable')
    default:
      throw new Refusal('hook_status_unexpected', { detail: String(status) })
  }
  if (contentType === '') throw new Refusal('hook_content_type_missing')
  const type = parseMediaType(contentType)
  if (type === undefined) throw new Refusal('hook_content_type_malformed')
  if (type !== 'application/json') throw new Refusal('hook_content_type_wrong', { detail: contentType })
  if (isTooLarge) throw new Refusal('hook_answer_too_large')
  return parseAnswer(body)
}
