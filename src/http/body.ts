/** Reading request bodies as GoTrue does (contract 0.2): always as JSON, keys in any letter case, null as absent. */
import type { Static, TObject } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { Refusal } from '../core/refusal'

const MAX_BODY_BYTES = 1_048_576

/**
 * The body's bytes.
 * @param timeoutMs how long the client may take to send them
 * @throws {Refusal<'body_too_large' | 'request_timeout'>}
 */
export async function readBody(request: Request, timeoutMs: number): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0)
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) throw new Refusal('body_too_large')
  let timer: Timer | undefined
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal('request_timeout')), timeoutMs)
  })
  try {
    const bytes = Buffer.from(await Promise.race([request.arrayBuffer(), tooSlow]))
    if (bytes.length > MAX_BODY_BYTES) throw new Refusal('body_too_large')
    return bytes
  } finally {
    clearTimeout(timer)
  }
}

/** Makes the function that turns a body into the declared object. */
export function bodyDecoder<Schema extends TObject>(schema: Schema): (bytes: Buffer) => Static<Schema> {
  const names = new Map(Object.keys(schema.properties).map((name) => [name.toLowerCase(), name]))
  const checks = new Map(
    Object.entries(schema.properties).map(([name, property]) => [name, TypeCompiler.Compile(property)]),
  )
  return (bytes) => {
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(parseObject(bytes))) {
      const name = names.get(key.toLowerCase())
      if (name === undefined || value === null) continue
      if (!checks.get(name)?.Check(value)) throw malformed(`field "${name}" is of the wrong type`)
      fields[name] = typeof value === 'string' ? value.toWellFormed() : value
    }
    return fields as Static<Schema>
  }
}

/** A JSON null stands for an object without keys, as Go decodes it into a struct. */
function parseObject(bytes: Buffer): object {
  if (bytes.length === 0) throw malformed('unexpected end of JSON input')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw malformed('invalid JSON')
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed('a JSON object is expected')
  return value ?? {}
}

const malformed = (detail: string) => new Refusal('body_malformed', { detail })
