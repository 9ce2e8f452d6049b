/**
 * Hooks of the operator (docs/hooks.md): requests over HTTP, or functions of a Postgres database. A call has
 * five seconds in total.
 */
import { HOOKS, type HookKey } from '../../hooks'
import { type HookInput, type HookOutput, readOutput } from '../../hooks/define'
import { type CallQueue, withQueuedCallSlot } from '../kernel/call-slots'
import type { Context } from '../kernel/context'
import type { Hook } from '../kernel/policy'
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
  const payload = { metadata: metadataOf(context, HOOKS[key].name, id), ...input }
  const answer = await answerOf(context, hook, payload, id)
  throwErrorIn(answer)
  return readOutput(HOOKS[key], answer)
}

/** Calls that wait for their turn. */
const MAX_QUEUED = 256

/** Waiting for a turn counts as time of the call. */
async function answerOf(context: Context, hook: Hook, payload: object, id?: string): Promise<unknown> {
  const { clock } = context
  const deadline = clock.monotonic() + BUDGET_MS
  const queue: CallQueue = { max: MAX_QUEUED, patience: () => clock.sleep(BUDGET_MS) }
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
