/** Every error code that an API answers, with the statuses and messages that come with it, from the tables of the surfaces. */
import type { Detail, Reason } from '../../src/core/kernel/refusal'
import { MINUTE } from '../../src/lib/milliseconds'
import { responses as federationErrors, furtherErrors as furtherFederation } from '../../src/surfaces/federation/errors'
import { errorAnswers as gotrueErrors } from '../../src/surfaces/gotrue/error-messages'
import { FAULT } from '../../src/surfaces/gotrue/errors'
import { furtherErrors as furtherService, responses as serviceErrors } from '../../src/surfaces/service/errors'

export interface Answer {
  api: '`/auth/v1`' | '`/api/auth`' | 'federation'
  /** Undefined if the answer of a hook has it. */
  status: number | undefined
  /** With `…` in place of details; empty if all of it depends on the request. */
  message: string
}

type Varying<T> = T | ((detail: Detail) => T)

/** Reasons with words in the table of `/auth/v1` that none of its endpoints produces. */
const NOT_ON_GOTRUE: readonly Reason[] = [
  ...(['server_not_allowed', 'upstream_unavailable', 'external_auth_failed', 'external_captcha_failed'] as const),
  ...(['logout_failed', 'refresh_refused', 'refresh_token_ambiguous', 'personal_token_name'] as const),
  ...(['personal_token_expiry', 'personal_tokens_too_many', 'identifier_missing', 'grant_unsupported'] as const),
  ...(['introspection_token_missing', 'token_request_malformed', 'username_taken', 'username_malformed'] as const),
  ...(['email_unchanged', 'second_factor_needed'] as const),
]

/** GoTrue's OAuth errors, which have no code. */
export const WITHOUT_CODE = ''

/** The answers of each code, in the order of the tables, each once. */
export function answersByCode(): Map<string, Answer[]> {
  const answers = new Map<string, Answer[]>()
  const add = (api: Answer['api'], status: Varying<number>, code: Varying<string>, message: Varying<string>) => {
    const answer: Answer = { api, status: typeof status === 'number' ? status : undefined, message: sampleOf(message) }
    for (const each of codesOf(code)) {
      const known = answers.get(each) ?? []
      const isKnown = known.some((other) => JSON.stringify(other) === JSON.stringify(answer))
      answers.set(each, isKnown ? known : [...known, answer])
    }
  }
  for (const [reason, [status, code, message]] of Object.entries(gotrueErrors))
    if (!NOT_ON_GOTRUE.includes(reason as Reason)) add('`/auth/v1`', status, code, message)
  add('`/auth/v1`', ...FAULT)
  for (const [status, code, message] of [...Object.values(serviceErrors), ...Object.values(furtherService)])
    add('`/api/auth`', status, code, message)
  for (const [status, , code, message] of [...Object.values(federationErrors), ...Object.values(furtherFederation)])
    add('federation', status, code, message)
  return answers
}

/** A code that depends on the status has two: that of a fault, and another one. */
const codesOf = (code: Varying<string>): string[] =>
  typeof code === 'string' ? [code] : [code({ status: 500 }), code({ status: 400 })]

/** The message with `…` for details; if it is all detail, the one without them, if there is one. */
function sampleOf(message: Varying<string>): string {
  if (typeof message === 'string') return message
  const text = message({ detail: '…', error: '…', waitMs: MINUTE })
  return (text === '…' ? message({}) : text).replaceAll('\n', ' ')
}
