/** Free-form JSON (user metadata and the like): what may be kept, how it is merged, and how it is written to the wire. */

export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

/** How deep free-form JSON may nest. Real metadata stays under ten; deeper input only tries to exhaust a stack. */
export const MAX_DEPTH = 1000

/**
 * The form in which free-form JSON is kept: keys sorted at every level (as GoTrue emits maps, contract 0.3) and lone
 * surrogates replaced by U+FFFD, which no UTF-8 store can hold.
 * @returns undefined where it cannot be kept: a NUL character, a number beyond a double, or deeper than MAX_DEPTH
 */
export function canonicalJson(value: unknown, depth = 0): Json | undefined {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return value.includes('\0') ? undefined : value.toWellFormed()
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return undefined
  if (Array.isArray(value)) {
    const list: Json[] = []
    for (const item of value) {
      const kept = canonicalJson(item, depth + 1)
      if (kept === undefined) return undefined
      list.push(kept)
    }
    return list
  }
  const entries: [string, Json][] = []
  for (const [key, item] of Object.entries(value)) {
    const kept = canonicalJson(item, depth + 1)
    if (kept === undefined || key.includes('\0')) return undefined
    entries.push([key.toWellFormed(), kept])
  }
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries) // defines each key, so `__proto__` stays plain data
}

/** Shallow merge of metadata: a key of `changes` replaces the old one, a null removes it (contract 1.6). */
export function mergeMetadata(current: JsonObject, changes: JsonObject): JsonObject {
  const kept = Object.entries({ ...current, ...changes }).filter(
    ([key]) => !Object.hasOwn(changes, key) || changes[key] !== null,
  )
  kept.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(kept)
}

const ESCAPED: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON as Go's encoder writes it: `<`, `>`, `&`, U+2028 and U+2029 escaped inside strings (contract 0.3). */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] as string)
}
