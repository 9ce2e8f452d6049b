/** Turns the result of a handler into a response: encoded once, with no more than the schema of its status declares. */
import type { TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { ElysiaCustomStatusResponse } from 'elysia'
import { declaredMembers } from './declared-members'

export interface ResponseFormat {
  /** The schema of each response body by status. */
  responses: Record<number, TSchema>
  /** JSON as the surface encodes it. */
  encode(value: unknown): string
  /** Whether every answer is checked against its schema, as in tests. */
  isChecked: boolean
}

/** Headers of an answer, by name. */
export type ResponseHeaders = Record<string, string | number>

/**
 * Creates the function that turns the result of a handler into an answer: a response, a value, or Elysia's `status(…)`.
 * @throws from that function: if there is no schema for the status, or the value does not match it
 */
export function responseEncoder({ responses, encode, isChecked }: ResponseFormat) {
  /** Compiled when a status is first answered, because most endpoints never answer most of their statuses. */
  const encoders = new Map<number, (value: unknown) => string>()

  return (returned: unknown, headers: ResponseHeaders): Response => {
    if (returned instanceof Response) return withHeaders(returned, headers)
    const hasStatus = returned instanceof ElysiaCustomStatusResponse
    const status = hasStatus ? (returned.code as number) : 200
    const value = hasStatus ? returned.response : returned
    const init = { status, headers: headers as Record<string, string> }
    if (value === undefined) return new Response(null, init)
    const encoder = encoders.get(status) ?? encoderOf(status)
    encoders.set(status, encoder)
    const text = encoder(value)
    headers['content-type'] = 'application/json'
    return new Response(text, init)
  }

  function encoderOf(status: number): (value: unknown) => string {
    const schema = responses[status]
    if (!schema) throw new Error(`no schema is declared for answers with status ${status}`)
    const copy = declaredMembers(schema) ?? ((value) => value)
    if (!isChecked) return (value) => encode(copy(value))
    const check = TypeCompiler.Compile(schema)
    return (value) => {
      const copied = copy(value)
      const mismatch = check.Errors(copied).First()
      if (mismatch) throw new Error(`the answer with status ${status} does not match its schema at ${mismatch.path}`)
      return encode(copied)
    }
  }
}

/** Headers that the response has itself come first. */
function withHeaders(response: Response, headers: ResponseHeaders): Response {
  for (const name in headers) {
    if (name === 'set-cookie') response.headers.append(name, String(headers[name]))
    else if (!response.headers.has(name)) response.headers.set(name, String(headers[name]))
  }
  return response
}
