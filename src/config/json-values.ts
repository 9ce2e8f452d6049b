/** Types of values that are written as JSON. */
import { isJsonObject, type JsonObject } from '../lib/json'
import { Replaced, type ValueType } from './value-types'

/** @throws {Error} that completes the sentence "<NAME> must be …" */
export function parseJson(text: string): unknown {
  for (const candidate of [text, unescaped(text)]) {
    try {
      return JSON.parse(candidate)
    } catch {
      // the next candidate may be valid JSON
    }
  }
  throw new Error('valid JSON')
}

/** A value that was escaped once too often: `\\n` for line feeds, and `\\"` for quotes. */
const unescaped = (text: string) =>
  text.replace(/\\([nrt"\\])/g, (_, character: string) => (/["\\]/.test(character) ? character : ' '))

/** A JSON array of objects. */
export const jsonObjects: ValueType<JsonObject[]> = {
  name: 'JSON',
  parse(value) {
    const parsed = parseJson(value)
    if (!Array.isArray(parsed) || !parsed.every(isJsonObject)) throw new Error('a JSON array of objects')
    return parsed
  },
}

/** A JSON object whose values are lists of strings, or one string. */
export const jsonLists: ValueType<Record<string, string[]>> = {
  name: 'JSON',
  format: (lists) => (Object.keys(lists).length === 0 ? '' : JSON.stringify(lists)),
  parse(value) {
    const wrong = new Replaced('a JSON object of lists, such as {"X-Mail-Type":["$messageType"]}', {})
    let parsed: unknown
    try {
      parsed = parseJson(value)
    } catch {
      throw wrong
    }
    if (!isJsonObject(parsed)) throw wrong
    const entries = Object.entries(parsed).map(
      ([name, items]) => [name, Array.isArray(items) ? items : [items]] as const,
    )
    const isText = (item: unknown) => typeof item === 'string'
    if (!entries.every(([, items]) => items.every(isText))) throw wrong
    return Object.fromEntries(entries) as Record<string, string[]>
  },
}
