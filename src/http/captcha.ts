/** Captchas in requests: which endpoint requires one, and where its body has the token (docs/captcha.md). */
import { type TObject, Type } from '@sinclair/typebox'
import type { Credentials, RequestCore } from '../core'
import type { CaptchaAction } from '../core/captcha/actions'
import type { Policy } from '../core/kernel/policy'
import { Refusal } from '../core/kernel/refusal'
import type { Bucket } from '../core/kernel/request-limits'
import { bodyDecoder } from './body'

/** Required while captchas are on. It is verified before the endpoint's own checks. */
export interface CaptchaRule {
  action: CaptchaAction
  /** Names of the members that lead to the token, outermost first. */
  token: readonly [string] | readonly [string, string]
  /** The limit that counts the request before the captcha; none: the endpoint counts it afterwards. */
  after?: Bucket
  /** Whether a request needs none. One that depends on the body has to decode it as the endpoint does. */
  isExempt?(request: Pick<Arrival, 'core' | 'query' | 'receive'>): boolean | Promise<boolean>
}

interface Arrival {
  core: RequestCore
  credentials: Credentials
  query: Readonly<Record<string, string | undefined>>
  /** The bytes of the body. */
  receive(): Promise<Buffer>
}

/**
 * Creates the function that checks the requests to an endpoint, and returns the bucket in which it counted them.
 * @returns undefined if the endpoint requires no captcha on this server
 */
export function captchaCheck({ captcha }: Policy, rule: CaptchaRule | undefined) {
  if (!captcha || !rule) return undefined
  const { action, after, isExempt } = rule
  const tokenOf = tokenReader(rule.token)
  return async ({ core, credentials, query, receive }: Arrival): Promise<Bucket | undefined> => {
    if (await isExempt?.({ core, query, receive })) return undefined
    return core.requireCaptcha({ action, after, credentials, readToken: async () => tokenOf(await receive()) })
  }
}

/**
 * Creates the function that finds the token in a body, in any letter case of the names, as Go decodes them.
 * @throws {Refusal<'body_malformed'>} from that function
 */
function tokenReader([outer, inner]: CaptchaRule['token']): (bytes: Buffer) => string | undefined {
  const schema = inner === undefined ? Type.String() : Type.Object({})
  const decode = bodyDecoder(Type.Object({ [outer]: Type.Optional(schema) }))
  return (bytes) => {
    const found = decode(bytes)[outer]
    return inner === undefined ? (found as string | undefined) : innerToken((found ?? {}) as object, inner)
  }
}

function innerToken(members: object, name: string): string | undefined {
  const values = Object.entries(members).filter(([key, value]) => key.toLowerCase() === name && value !== null)
  const [, token] = values.at(-1) ?? []
  if (token !== undefined && typeof token !== 'string')
    throw new Refusal('body_malformed', { detail: `field "${name}" is of the wrong type`, field: name })
  return token
}

/** A body with the field of the token, for the documentation. */
export function withCaptchaField(body: TObject | undefined, { token: [outer, inner] }: CaptchaRule): TObject {
  const token = Type.Optional(
    Type.String({ description: 'The token of a solved captcha, if the server requires one.' }),
  )
  const field = inner === undefined ? token : Type.Object({ [inner]: token })
  return {
    ...(body ?? Type.Object({}, { $id: 'CaptchaOnly', examples: [{}] })),
    properties: { ...body?.properties, [outer]: field },
  }
}
