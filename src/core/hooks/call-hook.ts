/**
 * Hooks of the operator (docs/wire-contract.md#hooks): requests over HTTP, or functions of a Postgres database. A call has
 * five seconds in total.
 */
import { HOOKS, type HookKey } from '../../hooks'
import { type HookInput, type HookOutput, readOutput } from '../../hooks/define'
import { withCallSlot } from '../kernel/call-slots'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { callFunctionHook } from './function-hook'
import { throwErrorIn } from './hook-answer'
import { callHttpHook } from './http-hook'

/**
 * Calls a hook, if the operator has set it.
 * @param input the payload without its metadata
 * @returns the declared members of its answer; undefined if it is not set
 * @throws {Refusal} whose reason starts with `hook_`
 */
export async function callHook<Key extends HookKey>(
  context: Context,
  key: Key,
  input: HookInput<(typeof HOOKS)[Key]>,
): Promise<HookOutput<(typeof HOOKS)[Key]> | undefined> {
  const hook = context.policy.hooks[key]
  if (!hook) return undefined
  const payload = { metadata: metadataOf(context, HOOKS[key].name), ...input }
  const called = await withCallSlot(hook, async () => ({
    answer: await ('secrets' in hook
      ? callHttpHook(context, hook, JSON.stringify(payload))
      : callFunctionHook(context, hook, payload)),
  }))
  if (!called) throw new Refusal('hook_busy')
  throwErrorIn(called.answer)
  return readOutput(HOOKS[key], called.answer)
}

function metadataOf({ clock, random, client }: Context, name: string) {
  const time = new Date(clock.now()).toISOString()
  return { uuid: random.uuid(), time, name, ...(client.ip !== '' && { ip_address: client.ip }) }
}
