/** Hooks that are functions of the database. */
import { isJsonObject } from '../../lib/json'
import { type Context, requestField } from '../kernel/context'
import type { FunctionHook } from '../kernel/policy'
import { Refusal } from '../kernel/refusal'
import { MAX_ANSWER_BYTES, parseAnswer } from './hook-answer'

/** As GoTrue; the rest of the budget is for waiting for a connection. */
const STATEMENT_TIMEOUT_MS = 2000

/**
 * @param deadline of the whole call, on the monotonic clock
 * @returns the answer, parsed
 * @throws {Refusal} whose reason starts with `hook_`
 */
export async function callFunctionHook(
  { callFunction, clock, client, report }: Context,
  { uri, ...name }: FunctionHook,
  payload: object,
  deadline: number,
): Promise<unknown> {
  const timeoutMs = deadline - clock.monotonic()
  if (timeoutMs <= 0) throw new Refusal('hook_timed_out')
  const answer = await callFunction({
    ...name,
    argument: payload,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
  })
  switch (answer.outcome) {
    case 'timed_out':
      throw new Refusal('hook_timed_out')
    case 'failed':
      report('error', 'a hook function failed', { uri, error: answer.error, ...requestField(client) })
      throw new Refusal('hook_function_failed', { detail: uri })
    case 'too_large':
      throw new Refusal('hook_answer_too_large')
  }
  const parsed = parseAnswer(answer.body)
  if (!isJsonObject(parsed)) throw new Refusal('hook_answer_malformed')
  return parsed
}
