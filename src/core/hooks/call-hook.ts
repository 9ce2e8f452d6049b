/**
 * Hooks of the operator (docs/hooks.md): requests over HTTP, or functions of a Postgres database. A call has
 * five seconds in total.
 */
import { HOOKS, type HookKey } from '../../hooks'
import { type HookInput, type HookOutput, readOutput } from '../../hooks/define'
import { type CallQueue, withQueuedCallSlot } from '../kernel/call-slots'
import { type Context, requestField } from '../kernel/context'
import type { Hook } from '../kernel/policy'
import type { ObserveHook } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { callFunctionHook } from './function-hook'
import { BUDGET_MS, throwErrorIn } from './hook-answer'
import { callHttpHook } from './http-hook'

/**
 * Calls a hook, if the operator has set it.
 * @param input the payload without its metadata
 * @param id of the call, if it may be repeated; otherwise a new one
 * @returns the declared members of its answer; undefined if it is not set
 * @throws {Refusal} whose reason starts with `hook_`
 */
export async function callHook<Key extends HookKey>(
  context: Context,
  key: Key,
  input: HookInput<(typeof HOOKS)[Key]>,
  id?: string,
): Promise<HookOutput<(typeof HOOKS)[Key]> | undefined> {
  const hook = context.policy.hooks[key]
  if (!hook) return undefined
  const { name } = HOOKS[key]
  const begun = context.clock.monotonic()
  const observe = (outcome: Parameters<ObserveHook>[1]) =>
    context.observeHook?.(name, outcome, (context.clock.monotonic() - begun) / 1000)
  try {
    const answer = await requestAnswer(context, hook, payloadOf(context, key, input, id), id)
    throwErrorIn(answer)
    observe('answered')
    return readOutput(HOOKS[key], answer)
  } catch (error) {
    observe(outcomeOf(error))
    if (error instanceof Refusal) reportFailure(context, name, error)
    throw error
  }
}

/** What a hook is sent. @param id of the call, if it may be repeated; otherwise a new one */
export function payloadOf<Key extends HookKey>(
  context: Context,
  key: Key,
  input: HookInput<(typeof HOOKS)[Key]>,
  id?: string,
): object {
  return { metadata: metadataOf(context, HOOKS[key].name, id), ...(input as object) }
}

function outcomeOf(error: unknown): Parameters<ObserveHook>[1] {
  if (!(error instanceof Refusal)) return 'failed'
  if (error.reason === 'hook_refused') return 'refused'
  return error.reason === 'hook_timed_out' ? 'timed_out' : 'failed'
}

/** Refusals are between the hook and the client, unless the client takes them for failures. */
function reportFailure({ report, client }: Context, hook: string, { reason, detail }: Refusal): void {
  const fields = { hook, ...requestField(client) }
  const { status = 500 } = detail
  // Postgres says more about a function, and that is in the log.
  if (reason === 'hook_function_failed') return
  if (reason !== 'hook_refused') report('warn', 'a hook failed', { ...fields, reason })
  else if (status >= 500)
    report('warn', 'a hook refuses with 5xx, which supabase-js retries: let it answer 4xx', { ...fields, status })
}

/** Calls that wait for their turn. */
export const MAX_QUEUED_CALLS = 256

/**
 * Waiting for a turn counts as time of the call.
 * @returns the answer, parsed; it may refuse
 * @throws {Refusal} whose reason starts with `hook_`, if there is none
 */
export async function requestAnswer(context: Context, hook: Hook, payload: object, id?: string): Promise<unknown> {
  const { clock } = context
  const deadline = clock.monotonic() + BUDGET_MS
  const queue: CallQueue = { max: MAX_QUEUED_CALLS, patience: () => clock.sleep(BUDGET_MS) }
  const called = await withQueuedCallSlot(hook, queue, () =>
    'secrets' in hook
      ? callHttpHook(context, hook, { body: JSON.stringify(payload), deadline, id })
      : callFunctionHook(context, hook, payload, deadline),
  )
  if (called === 'queue_full') throw new Refusal('hook_busy')
  if (called === 'waited_too_long') throw new Refusal('hook_timed_out')
  return called.result
}

function metadataOf({ clock, random, client }: Context, name: string, id?: string) {
  const time = new Date(clock.now()).toISOString()
  return { uuid: id ?? random.uuid(), time, name, ...(client.ip !== '' && { ip_address: client.ip }) }
}
