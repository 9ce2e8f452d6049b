/**
 * HTTP hooks of the operator (docs/wire-contract.md#hooks). Requests are signed according to Standard Webhooks; a call
 * has five seconds in total, and at most three attempts.
 */
import { HOOKS, type HookKey } from '../../hooks'
import { type HookInput, type HookOutput, readOutput } from '../../hooks/define'
import { hmacSha256 } from '../../lib/secrets'
import { withCallSlot } from '../kernel/call-slots'
import type { Context } from '../kernel/context'
import type { Hook } from '../kernel/policy'
import type { HttpResult } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'

const BUDGET_MS = 5000
const ATTEMPTS = 3
const BACK_OFF_MS = 2000
const MAX_ANSWER_BYTES = 200 * 1024

/**
 * Calls a hook, if the operator has set it.
 * @param payload without its metadata
 * @returns the declared members of its response; undefined if it is not set
 * @throws {Refusal} whose reason starts with `hook_`
 */
export async function callHook<Key extends HookKey>(
  context: Context,
  key: Key,
  payload: HookInput<(typeof HOOKS)[Key]>,
): Promise<HookOutput<(typeof HOOKS)[Key]> | undefined> {
  const destination = context.policy.hooks[key]
  if (!destination) return undefined
  const call = { name: HOOKS[key].name, payload }
  const called = await withCallSlot(destination, async () => ({
    answer: await attemptCall(context, destination, call),
  }))
  if (!called) throw new Refusal('hook_busy')
  return readOutput(HOOKS[key], called.answer)
}

interface HookCall {
  name: string
  payload: object
}

async function attemptCall(context: Context, hook: Hook, { name, payload }: HookCall): Promise<unknown> {
  const { clock, random, post, client } = context
  const deadline = clock.monotonic() + BUDGET_MS
  const time = new Date(clock.now()).toISOString()
  const metadata = { uuid: random.uuid(), time, name, ...(client.ip !== '' && { ip_address: client.ip }) }
  const body = JSON.stringify({ metadata, ...payload })
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
function signatureHeaders({ clock, random }: Context, { secrets }: Hook, body: string): Record<string, string> {
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
  const answer = parseAnswer(body)
  const { error } = (answer ?? {}) as { error?: { http_code?: unknown; message?: unknown } | null }
  if (typeof error === 'object' && error !== null && typeof error.message === 'string' && error.message !== '') {
    const given = Number(error.http_code)
    const isStatus = Number.isInteger(given) && given >= 400 && given <= 599
    throw new Refusal('hook_refused', { detail: error.message, status: isStatus ? given : 500 })
  }
  return answer ?? {}
}

function parseAnswer(body: string): unknown {
  if (body.trim() === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal('hook_answer_malformed')
  }
}
