/** Reading request bodies as GoTrue does: always as JSON, keys in any letter case, null as absent. */
import { type Static, type StringOptions, type TObject, type TSchema, Type } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { Refusal } from '../core/kernel/refusal'
import { readAtMost } from '../lib/read-at-most'

/** A text field that is stored unchanged: without NUL characters, at which database searches would end. */
export const storedText = (options: StringOptions = {}) => Type.String({ pattern: '^[^\\u0000]*$', ...options })

export const MAX_BODY_BYTES = 1_048_576

/** How long a client may still take once the server stops. */
const STOPPING_MS = 2000

/**
 * Reads the body up to the limit.
 * @param timeoutMs how long the client may take to send it
 * @param stopping aborted once the server stops
 */
export async function readBody(request: Request, timeoutMs: number, stopping?: AbortSignal): Promise<Buffer> {
  const declared = request.headers.get('content-length')
  // A stream is made only if needed: reading the bytes at once is faster.
  if (declared === null && request.body === null) return Buffer.alloc(0)
  if (Number(declared) > MAX_BODY_BYTES) throw new Refusal('body_too_large')
  const { promise: tooSlow, reject } = Promise.withResolvers<never>()
  const refuse = () => reject(new Refusal('request_timeout'))
  let timer = setTimeout(refuse, timeoutMs)
  const shortenTimeout = () => {
    clearTimeout(timer)
    timer = setTimeout(refuse, Math.min(timeoutMs, STOPPING_MS))
  }
  stopping?.addEventListener('abort', shortenTimeout)
  try {
    // The server enforces a declared length; without one, the chunks are counted as they arrive.
    const all = declared === null ? collect(request.body as ReadableStream<Uint8Array>) : request.bytes()
    return Buffer.from(await Promise.race([all, tooSlow]))
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('body_malformed', { detail: 'the connection was closed' })
  } finally {
    clearTimeout(timer)
    stopping?.removeEventListener('abort', shortenTimeout)
  }
}

async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const { bytes, isTooLarge } = await readAtMost(MAX_BODY_BYTES, body)
  if (isTooLarge) throw new Refusal('body_too_large')
  return bytes
}

/** Creates the function that decodes a body into the declared object. */
export function bodyDecoder<Schema extends TObject>(schema: Schema): (bytes: Buffer) => Static<Schema> {
  const names = new Map(Object.keys(schema.properties).map((name) => [name.toLowerCase(), name]))
  /** Compiled when a field is first sent; compiling every field of every endpoint would slow down the start. */
  const checks = new Map<string, TypeCheck<TSchema>>()
  const checkOf = (name: string) => {
    const check = checks.get(name) ?? TypeCompiler.Compile(schema.properties[name] as TSchema)
    checks.set(name, check)
    return check
  }
  return (bytes) => {
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(parseObject(bytes))) {
      const name = names.get(key.toLowerCase())
      if (name === undefined || value === null) continue
      if (!checkOf(name).Check(value)) {
        const isText = typeof value === 'string' && value.includes('\0')
        throw malformed(`field "${name}" ${isText ? 'contains a NUL character' : 'is of the wrong type'}`, name)
      }
      fields[name] = typeof value === 'string' ? value.toWellFormed() : value
    }
    return fields as Static<Schema>
  }
}

/** A JSON null stands for an empty object, as when Go decodes it into a struct. */
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

const malformed = (detail: string, field?: string) =>
  new Refusal('body_malformed', { detail, ...(field !== undefined && { field }) })
