/** Free-form JSON (user metadata and the like): limits, merging, and encoding. */

export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

/** Whether a value from JSON is an object. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Maximum nesting depth. Real metadata has fewer than ten levels; deeper input tries to exhaust the stack. */
export const MAX_DEPTH = 1000

/** Why JSON cannot be stored: a NUL character, a number beyond a double, or nesting over MAX_DEPTH. */
export type Flaw = 'nul' | 'number' | 'depth'

/**
 * The stored form of free-form JSON: keys sorted at every level (as Go encodes maps) and lone surrogates replaced by
 * U+FFFD, which UTF-8 cannot represent.
 */
export function canonicalJson(value: unknown): { kept: Json } | { flaw: Flaw } {
  const flaw = flawOf(value, 0)
  return flaw === undefined ? { kept: canonical(value as Json) } : { flaw }
}

function flawOf(value: unknown, depth: number): Flaw | undefined {
  if (typeof value === 'string') return value.includes('\0') ? 'nul' : undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'number'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= MAX_DEPTH) return 'depth'
  for (const [key, item] of Object.entries(value)) {
    const flaw = flawOf(key, depth) ?? flawOf(item, depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

/** Whether JSON is nested so deeply that it cannot be encoded again. */
export const isTooDeep = (value: unknown, depth = 0): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth >= MAX_DEPTH || Object.values(value).some((item) => isTooDeep(item, depth + 1)))

function canonical(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return sortedObject(Object.entries(value).map(([key, item]) => [key.toWellFormed(), canonical(item)]))
}

/** JSON that another program may have stored, with its keys sorted as `canonicalJson` does. @returns the same value if they are */
export function sortedJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  let isSame = true
  const sorted = (item: Json) => {
    const kept = sortedJson(item)
    isSame &&= kept === item
    return kept
  }
  if (Array.isArray(value)) {
    const items = value.map(sorted)
    return isSame ? value : items
  }
  let last = ''
  const entries = Object.entries(value).map(([key, item]): [string, Json] => {
    isSame &&= last <= key
    last = key
    return [key, sorted(item)]
  })
  return isSame ? value : sortedObject(entries)
}

/** Shallow merge of metadata: a key in `changes` replaces the old value, null removes it (GoTrue's `PUT /user`). */
export function mergeMetadata(current: JsonObject, changes: JsonObject): JsonObject {
  const isKept = ([key, value]: [string, Json]) => !(Object.hasOwn(changes, key) && value === null)
  return sortedObject(Object.entries({ ...current, ...changes }).filter(isKept))
}

/** Defines each key, so that `__proto__` is plain data. */
function sortedObject(entries: [string, Json][]): JsonObject {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const ESCAPED: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON as Go's encoder writes it: `<`, `>`, `&`, U+2028 and U+2029 escaped inside strings. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] as string)
}
