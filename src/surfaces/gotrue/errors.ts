/** GoTrue's error responses (docs/wire-contract.md#errors), in two shapes by API version. */
import { WEB3_REASONS } from '../../core/kernel/reasons/web3'
import type { Refusal } from '../../core/kernel/refusal'
import { limitHeaders } from '../../http/limit-headers'
import { requestContextOf } from '../../http/request-context'
import { encodeJson } from '../../lib/json'
import type { RejectedByDatabase } from '../../lib/rejected-by-database'
import { errorAnswers } from './error-messages'

/** GoTrue's only named API version; older clients get the previous error shape. */
const VERSION = '2024-01-01'
const VERSION_HEADER = 'X-Supabase-Api-Version'

/** Status, code and message of a refusal. */
export function errorOf({ reason, detail }: Refusal): { status: number; code: string; message: string } {
  const [status, code, message] = errorAnswers[reason]
  return {
    status: typeof status === 'number' ? status : status(detail),
    code: typeof code === 'string' ? code : code(detail),
    message: typeof message === 'string' ? message : message(detail),
  }
}

export function answerRefusal(refusal: Refusal, request: Request): Response {
  const exchange = requestContextOf(request)
  const { detail } = refusal
  const { status, code, message } = errorOf(refusal)
  // GoTrue states the wait for a message only in the error text.
  const limits = limitHeaders({ ...detail, waitMs: undefined })
  const headers = new Headers({ 'content-type': 'application/json', ...limits })
  const isCurrent = speaksCurrentVersion(request)
  if (isCurrent) headers.set(VERSION_HEADER, VERSION)
  const raised = detail.rejection && publicRejection(detail.rejection)
  // GoTrue shows older clients what a trigger raised.
  if (raised && !isCurrent) return send(raised.status, headers, raised.body)
  // GoTrue's OAuth errors have no code, and the same shape in every version
  if (code === '') return send(status, headers, { error: oauthError(refusal), error_description: message })
  exchange.errorCode = code
  if (!detail.weakness || !isCurrent) headers.set('x-sb-error-code', code)
  const weak = detail.weakness && { weak_password: { reasons: detail.weakness.reasons } }
  if (isCurrent) return send(status, headers, { code, message, ...weak })
  return send(status, headers, {
    code: status,
    error_code: code,
    msg: message,
    ...(status >= 500 && { error_id: exchange.id }),
    ...weak,
  })
}

/** raise_exception, and violations of constraints (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const PUBLIC_STATES = new Set(['P0001', '23000', '23001', '23502', '23503', '23505', '23514', '23P01'])

/**
 * What a trigger or constraint of the operator says to clients: with status 500, or the status in the SQLSTATE, such as
 * `PT402`.
 */
function publicRejection({ state, message, hint, detail }: RejectedByDatabase) {
  const status = PUBLIC_STATES.has(state) ? 500 : Number(/^PT([45]\d\d)$/.exec(state)?.[1])
  if (Number.isNaN(status)) return undefined
  return { status, body: { code: state, message, ...(hint && { hint }), ...(detail && { detail }) } }
}

/** The error of a fault: nothing about its cause. */
export const FAULT = [
  500,
  'unexpected_failure',
  'Unexpected failure, please check server logs for more information',
] as const

export function answerFault(request: Request): Response {
  const [status, code, message] = FAULT
  const exchange = requestContextOf(request)
  exchange.errorCode = code
  const headers = new Headers({ 'content-type': 'application/json', 'x-sb-error-code': code })
  if (!speaksCurrentVersion(request))
    return send(status, headers, { code: status, error_code: code, msg: message, error_id: exchange.id })
  headers.set(VERSION_HEADER, VERSION)
  return send(status, headers, { code, message })
}

function oauthError({ reason }: Refusal): string {
  if (reason === 'id_token_nonce_wrong') return 'invalid nonce'
  return (WEB3_REASONS as readonly string[]).includes(reason) ? 'invalid_grant' : 'invalid request'
}

function send(status: number, headers: Headers, body: object): Response {
  return new Response(encodeJson(body), { status, headers })
}

/** Date.parse takes the 30th of February for the 1st of March. */
function isDay(text: string): boolean {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

/** Whether the client requests API version 2024-01-01 or later (X-Supabase-Api-Version). */
function speaksCurrentVersion({ headers }: Request): boolean {
  const asked = headers.get(VERSION_HEADER) ?? ''
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) && isDay(asked) && asked >= VERSION
}
