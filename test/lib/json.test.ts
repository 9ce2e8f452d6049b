import { expect, test } from 'bun:test'
import { canonicalJson, encodeJson, MAX_DEPTH, mergeMetadata, sortedJson } from '../../src/lib/json'

const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)

const kept = (value: unknown) => {
  const result = canonicalJson(value)
  if (!('kept' in result)) throw new Error(result.flaw)
  return result.kept
}

test('keys are sorted at every level, and arrays keep their order', () => {
  expect(JSON.stringify(kept({ b: [{ d: 1, c: 2 }], a: null }))).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
})

test('stored JSON is sorted only where its keys are not', () => {
  const sorted = { a: [{ b: 1, cc: 2 }], b: null, d: { e: 'f' } }
  expect(sortedJson(sorted)).toBe(sorted)
  const other = sortedJson({ d: { f: 1, ee: 2 }, bb: [{ z: 1, aa: 2 }], __proto__: undefined as never })
  expect(JSON.stringify(other)).toBe('{"bb":[{"aa":2,"z":1}],"d":{"ee":2,"f":1}}')
  expect(sortedJson('text')).toBe('text')
})

test('lone surrogates are replaced, and pairs kept', () => {
  expect(kept({ '\ud800': '🦊\udc00' })).toEqual({ '\ufffd': '🦊\ufffd' })
})

test.each([
  [{ a: 'x\0' }, 'nul'],
  [{ 'x\0': 1 }, 'nul'],
  [{ a: [Number.POSITIVE_INFINITY] }, 'number'],
  [nested(MAX_DEPTH + 1), 'depth'],
] as const)('%# cannot be stored', (value, flaw) => expect(canonicalJson(value)).toEqual({ flaw }))

test('depth is allowed up to its limit', () => expect(kept(nested(MAX_DEPTH))).toEqual(nested(MAX_DEPTH)))

test('__proto__ is a key like any other', () => {
  const object = kept(JSON.parse('{"__proto__":{"x":1}}'))
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
  expect(JSON.stringify(object)).toBe('{"__proto__":{"x":1}}')
  expect(JSON.stringify(mergeMetadata({}, JSON.parse('{"__proto__":{"x":1}}')))).toBe('{"__proto__":{"x":1}}')
})

test('a merge replaces key by key, and null removes a key', () => {
  expect(mergeMetadata({ a: 1, b: { x: 1 }, c: null }, { b: { y: 2 }, a: null, d: 4 })).toEqual({
    b: { y: 2 },
    c: null,
    d: 4,
  })
})

test('JSON is escaped as Go escapes it', () => {
  expect(encodeJson({ a: '<b>&\u2028\u2029"' })).toBe('{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\\""}')
})
