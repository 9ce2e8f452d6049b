import type { HOOKS, HookKey } from '../../../hooks'

/** Hook failures, common to all hooks. */
export const HOOK_REASONS = [
  'hook_timed_out',
  /** Too many calls are waiting for their turn. */
  'hook_busy',
  'hook_out_of_attempts',
  /** `detail`: its URI. */
  'hook_function_failed',
  'hook_payload_refused',
  'hook_unauthorised',
  'hook_unavailable',
  /** `detail`: the status. */
  'hook_status_unexpected',
  'hook_content_type_missing',
  'hook_content_type_malformed',
  /** `detail`: the type. */
  'hook_content_type_wrong',
  'hook_answer_too_large',
  'hook_answer_malformed',
  /** `detail` and `status`: the hook's message for the client. */
  'hook_refused',
] as const

export type HookReason = (typeof HOOK_REASONS)[number]

/** Refusals by the response of a single hook; `detail`: its message for the client. */
export type HookRejection = (typeof HOOKS)[HookKey]['reasons'][number]
