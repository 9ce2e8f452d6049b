/** An expected refusal, and its details. */
import { RejectedByDatabase } from '../../lib/rejected-by-database'
import { Unavailable } from '../../lib/unavailable'
import type { Reason } from './reasons'
import type { PlainReason, ReasonAndDetail, Weakness } from './reasons/details'

export type { PlainReason, Reason, Weakness }

/** The details of any refusal (`reasons/details.ts` lists the ones of each reason). */
export interface Detail {
  detail?: string
  /** The field with the wrong type. */
  field?: string
  error?: string
  status?: number
  retryAfterMs?: number
  waitMs?: number
  /** The limit that was exceeded: the name of its setting, or of the rule if it is fixed. */
  limit?: string
  weakness?: Weakness
  rejection?: RejectedByDatabase
}

const TOKEN_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'token_unknown',
  'token_kind_mismatch',
  'token_used',
  'token_expired',
])

/** Whether an error is one of the four answers of a verification token (docs/other-surfaces.md#verification-tokens). */
export function isTokenRefusal(error: unknown): boolean {
  return error instanceof Refusal && TOKEN_REASONS.has(error.reason)
}

/** An expected refusal. Everything else that is thrown is a fault: logged, and never described to a client. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly detail: Detail

  constructor(...[reason, detail = {}]: ReasonAndDetail) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.detail = detail
  }
}

/** The expected errors of a surface: a refusal, or a database that fails or rejects the change. Undefined for a fault. */
export function refusalIn(error: unknown): Refusal | undefined {
  if (error instanceof Unavailable)
    return new Refusal('unavailable', { detail: error.message, retryAfterMs: error.retryAfterMs })
  if (error instanceof RejectedByDatabase) return new Refusal('rejected_by_database', { rejection: error })
  return error instanceof Refusal ? error : undefined
}
