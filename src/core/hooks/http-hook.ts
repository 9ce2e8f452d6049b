/** Hooks over HTTP. Requests are signed according to Standard Webhooks; a call has at most three attempts. */
import { hmacSha256 } from '../../lib/secrets'
import type { Context } from '../kernel/context'
import type { HttpHook } from '../kernel/policy'
import type { HttpResult } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { BUDGET_MS, MAX_ANSWER_BYTES, parseAnswer } from './hook-answer'

const ATTEMPTS = 3
const BACK_OFF_MS = 2000

/** @param body JSON @returns the answer, parsed @throws {Refusal} whose reason starts with `hook_` */
export async function callHttpHook(context: Context, hook: HttpHook, body: string): Promise<unknown> {
  const { clock, post } = context
  const deadline = clock.monotonic() + BUDGET_MS
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const timeoutMs = deadline - clock.monotonic()
    if (timeoutMs <= 0) throw new Refusal('hook_timed_out')
    const answer = await post({
      url: hook.uri,
      headers: { 'content-type': 'application/json', ...signatureHeaders(context, hook, body) },
      body,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    })
    if (answer.outcome === 'timed_out') throw new Refusal('hook_timed_out')
    if (answer.outcome === 'answered' && !isWorthRetrying(answer)) return readAnswer(answer)
    if (attempt < ATTEMPTS) await clock.sleep(Math.min(BACK_OFF_MS, Math.max(0, deadline - clock.monotonic())))
  }
  throw new Refusal('hook_out_of_attempts')
}

/** One signature per secret, over id, time and body (Standard Webhooks 1.0). */
function signatureHeaders({ clock, random }: Context, { secrets }: HttpHook, body: string): Record<string, string> {
  const id = random.uuid()
  const timestamp = String(Math.floor(clock.now() / 1000))
  const signed = `${id}.${timestamp}.${body}`
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((key) => `v1,${hmacSha256(key, signed).toString('base64')}`).join(', '),
  }
}

type HookResponse = Extract<HttpResult, { outcome: 'answered' }>

const isWorthRetrying = ({ status, retryAfter }: HookResponse) =>
  (status === 429 || status === 503) && retryAfter !== ''

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
  if (contentType.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw new Refusal('hook_content_type_wrong', { detail: contentType })
  if (isTooLarge) throw new Refusal('hook_answer_too_large')
  return parseAnswer(body)
}
