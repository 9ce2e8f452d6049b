/** An endpoint as data: who may call it, its input, its responses, and its handler. */
import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { Admin, Caller, Client, FederatedCaller, RequestCore } from '../core'
import type { MalformedReason } from '../core/kernel/reasons/details'
import type { CaptchaRule } from './captcha'
import type { NoQuery, PathParameters, QuerySchemas, QueryValues } from './parameters'
import type { ResponseHeaders } from './response-encoder'

/** `federated`: a user of this server, or of another one that signed in here. */
export type Access = 'anyone' | 'user' | 'admin' | 'federated'
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Body = TObject | undefined

export interface Endpoint<
  A extends Access = Access,
  B extends Body = Body,
  Q extends QuerySchemas = QuerySchemas,
  P extends string = string,
> {
  method: Method
  /** Below the surface's prefix, parameters as `:name`. */
  path: P
  access: A
  /** Set if a captcha is required while the server has one on. */
  captcha?: CaptchaRule
  /** Checks that run before the body is read. */
  check?(context: Omit<HandlerContext<A, B, Q, P>, 'body' | 'readBody'>): void | Promise<void>
  /** The JSON body; without it, the body is ignored. */
  body?: B
  /** The forms of the body, if it is one of several, for the documentation. `body` has the fields of all of them. */
  forms?: readonly TObject[]
  /** Lets the handler read the body with `readBody`, if at all; `body` is undefined then. */
  readsBodyLate?: boolean
  /** The refusal of an unreadable body, if it is not the usual one. */
  malformed?: MalformedReason
  /** Whether the body may be omitted. */
  isBodyOptional?: boolean
  /** Query parameters; the optional ones are `Type.Optional`. */
  query?: Q
  /** Whether a trailing slash is allowed, as for those that GoTrue mounts as a subrouter. */
  allowsTrailingSlash?: boolean
  tag: string
  summary: string
  description?: string
  /** The schema of each response body by status. Undeclared members do not leave. */
  responses: Record<number, TSchema>
  /** Whether the answer depends on the settings alone, for anyone: it is then encoded once. */
  isConstant?: boolean
  handle(context: HandlerContext<A, B, Q, P>): unknown
}

interface Callers {
  anyone: undefined
  user: Caller
  admin: Admin
  federated: FederatedCaller
}

/** Without type arguments: the members that every endpoint's context has, and no parameters. */
export interface HandlerContext<
  A extends Access = Access,
  B extends Body = Body,
  Q extends QuerySchemas = NoQuery,
  P extends string = '',
> {
  /** A core whose `now` is the time when the caller was known and the body had arrived. */
  core: RequestCore
  request: Request
  caller: Callers[A]
  body: B extends TObject ? Static<B> : undefined
  /** The body, read on demand: for endpoints with `readsBodyLate`. */
  readBody(): Promise<B extends TObject ? Static<B> : undefined>
  params: PathParameters<P>
  query: QueryValues<Q>
  readonly client: Client
  /** Headers of the answer. */
  headers: ResponseHeaders
}

/** Exists for type inference: connects the handler's context with the declaration. */
export function endpoint<
  A extends Access,
  const P extends string,
  B extends Body = undefined,
  Q extends QuerySchemas = NoQuery,
>(definition: Endpoint<A, B, Q, P>): Endpoint {
  return definition as unknown as Endpoint
}
