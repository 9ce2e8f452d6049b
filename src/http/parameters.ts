/** Parameters of paths and queries, typed by the declaration of an endpoint: no other name compiles. */
import type { TSchema } from '@sinclair/typebox'
import { targetOf } from './target'

type ParameterName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

/** An object with one property for each path parameter: `id` for `/users/:id`. */
export type PathParameters<Path extends string> = { readonly [Name in ParameterName<Path>]: string }

/** @param decoded by Elysia, which yields null for invalid percent-encoding (RFC 3986 §2.1): nothing has such a name */
export function pathParameters(decoded: Record<string, string | null> = {}): Record<string, string> {
  for (const name in decoded) decoded[name] ??= ''
  return decoded as Record<string, string>
}

export type QuerySchemas = Record<string, TSchema>
export type NoQuery = Record<never, TSchema>

/**
 * The first value of each declared parameter, as text. The schemas are documentation only: GoTrue reads queries
 * leniently, each endpoint in its own way, and so do the handlers.
 */
export type QueryValues<Q extends QuerySchemas> = { readonly [Name in keyof Q]?: string | undefined }

/** Creates the function that reads the declared parameters of a request. */
export function queryReader<Q extends QuerySchemas>(schemas: Q): (request: Request) => QueryValues<Q> {
  const names = Object.keys(schemas)
  const none = {}
  if (names.length === 0) return () => none
  return (request) => {
    const { query } = targetOf(request)
    if (query === '') return none
    const given = new URLSearchParams(query)
    return Object.fromEntries(names.map((name) => [name, given.get(name) ?? undefined])) as QueryValues<Q>
  }
}
