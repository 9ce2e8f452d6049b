/**
 * Serves the endpoints of a surface. The order of checks is the same everywhere: caller, then captcha, then body. The
 * core counts requests. Elysia routes.
 */
import { FormatRegistry } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Core, Credentials, RequestCore } from '../core'
import { Refusal } from '../core/kernel/refusal'
import { bodyDecoder, readBody } from './body'
import { captchaCheck } from './captcha'
import { credentialsOf } from './credentials'
import type { Access, Endpoint, HandlerContext } from './endpoint'
import { documentation } from './endpoint-documentation'
import { pathParameters, queryReader } from './parameters'
import { requestContextOf } from './request-context'
import { type ResponseHeaders, responseEncoder } from './response-encoder'

/**
 * For every Elysia instance: trailing slashes are significant (docs/wire-contract.md#paths), and short host names are
 * supported.
 */
export const ROUTING = { strictPath: true, handler: { standardHostname: false } } as const

/** How a surface formats its responses. */
export interface SurfaceFormat {
  prefix: string
  /** Excludes the routes from the documentation: they duplicate documented ones. */
  isHidden: boolean
  /** The response to anything thrown: the surface's error for a refusal, or a generic fault. */
  answerError(error: unknown, request: Request): Response
  /** JSON as the surface encodes it. */
  encode(value: unknown): string
}

export interface MountOptions {
  /** How long a client may take to send its body. */
  bodyTimeoutMs: number
  /** Aborted once the server stops: a body that is still missing then is waited for only briefly. */
  stopping: AbortSignal
  /** Whether every answer is checked against its schema, as in tests. */
  validatesResponses: boolean
}

export function mount(core: Core, endpoints: readonly Endpoint[], format: SurfaceFormat, options: MountOptions) {
  // In responses these formats are documentation only: validating each time and id costs more than printing it.
  for (const format of ['date-time', 'uuid']) FormatRegistry.Set(format, () => true)
  const app = new Elysia({ prefix: format.prefix, ...ROUTING }).onError(({ error, request }) =>
    format.answerError(error, request),
  )
  for (const each of endpoints) {
    const run = runner(core, each, format, options)
    const paths = each.allowsTrailingSlash ? [each.path, `${each.path}/`] : [each.path]
    for (const path of paths) {
      const isHidden = format.isHidden || path !== each.path
      // The schemas are for the documentation: `run` answers with responses, which Elysia leaves as they are.
      const documented = isHidden
        ? { detail: { hide: true } }
        : { detail: documentation(each, format.prefix), response: each.responses }
      app.route(each.method, path, run, { parse: 'none', ...documented })
    }
  }
  return app
}

/**
 * The parts of Elysia's context that are used. Elysia reads the source text of a handler to find out which parts it
 * needs.
 */
interface Routed {
  request: Request
  params: Record<string, string | null>
  /** The path of the endpoint with its prefix, such as `/auth/v1/admin/users/:id`. */
  route: string
}

function runner(server: Core, each: Endpoint, { encode, answerError }: SurfaceFormat, options: MountOptions) {
  if (each.isConstant && (each.access !== 'anyone' || each.captcha || each.query || each.body || each.check))
    throw new Error(`${each.method} ${each.path} depends on the request, so its response cannot be constant`)
  const decode = each.body && bodyDecoder(each.body)
  const readQuery = queryReader(each.query ?? {})
  const checkCaptcha = captchaCheck(server.policy, each.captcha)
  const answer = responseEncoder({ responses: each.responses, encode, isChecked: options.validatesResponses })
  let constant: Response | undefined
  return async ({ request, params, route }: Routed): Promise<Response> => {
    const exchange = requestContextOf(request)
    exchange.route = route
    const arriving = server.forRequest(exchange.client)
    const credentials = credentialsOf(server, request)
    exchange.showsUnknownKey = arriving.showsUnknownKey(credentials)
    if (constant) return constant.clone() as Response
    const caller = await authenticate(arriving, each.access, credentials)
    const userId = userIdOf(caller)
    if (userId !== undefined) exchange.facts.account = userId
    let receiving: Promise<Buffer> | undefined
    const receive = () => (receiving ??= readBytes(request))
    const headers: ResponseHeaders = {}
    const context = {
      core: arriving,
      request,
      caller,
      body: undefined as unknown,
      readBody: async () => decodeDeclared(await receive()),
      params: pathParameters(params),
      query: readQuery(request),
      headers,
      get client() {
        return exchange.client()
      },
    }
    const { query } = context
    const counted = checkCaptcha && (await checkCaptcha({ core: arriving, query, credentials, receive }))
    if (each.check) await each.check(context as unknown as HandlerContext)
    if (decode && !each.readsBodyLate) context.body = await context.readBody()
    context.core = server.forRequest(exchange.client, counted)
    try {
      const response = answer(await each.handle(context as unknown as HandlerContext), headers)
      if (each.isConstant) constant = response.clone() as Response
      return response
    } catch (error) {
      return withHeaders(answerError(error, request), headers)
    }
  }

  function readBytes(request: Request): Promise<Buffer> {
    return readBody(request, options.bodyTimeoutMs, options.stopping)
  }

  function decodeDeclared(bytes: Buffer) {
    try {
      const isLeftOut = each.isBodyOptional && !each.readsBodyLate && bytes.length === 0
      return isLeftOut ? {} : decode?.(bytes)
    } catch (error) {
      const isMalformed = error instanceof Refusal && error.reason === 'body_malformed'
      if (!isMalformed || !each.malformed) throw error
      throw new Refusal(each.malformed, { detail: '', ...error.detail })
    }
  }
}

/** Headers that a handler sets before it refuses, such as `Cache-Control`, are in the error response too. */
function withHeaders(response: Response, headers: ResponseHeaders): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, String(value))
  return response
}

async function authenticate(core: RequestCore, access: Access, credentials: Credentials) {
  if (access === 'anyone') return undefined
  if (access === 'federated') return core.authenticateFederated(credentials)
  return access === 'user' ? core.authenticateUser(credentials) : core.authenticateAdmin(credentials)
}

/** The account of a caller; that of another server has none here. */
function userIdOf(caller: Awaited<ReturnType<typeof authenticate>>): string | undefined {
  const local = caller && 'kind' in caller ? (caller.kind === 'local' ? caller.caller : undefined) : caller
  return local?.user?.id
}
