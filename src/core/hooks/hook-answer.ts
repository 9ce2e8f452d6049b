/** What the answers of hooks have in common, however a hook is called. */
import { Refusal } from '../kernel/refusal'

/** The longest duration of a call, with all its attempts. */
export const BUDGET_MS = 5000
export const MAX_ANSWER_BYTES = 200 * 1024

/** @throws {Refusal} if it is not JSON */
export function parseAnswer(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) ?? {}
  } catch {
    throw new Refusal('hook_answer_malformed')
  }
}

/** @throws {Refusal} with the status and the message of an `error` in the answer */
export function throwErrorIn(answer: unknown): void {
  const { error } = answer as { error?: { http_code?: unknown; message?: unknown } | null }
  if (typeof error !== 'object' || error === null || typeof error.message !== 'string' || error.message === '') return
  const given = Number(error.http_code)
  const isStatus = Number.isInteger(given) && given >= 400 && given <= 599
  throw new Refusal('hook_refused', { detail: error.message, status: isStatus ? given : 500 })
}
