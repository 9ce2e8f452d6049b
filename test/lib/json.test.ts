import { expect, test } from 'bun:test'
import { canonicalJson, encodeJson, MAX_DEPTH, mergeMetadata } from '../../src/lib/json'

const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)

test('keys are sorted at every level, lists keep their order', () => {
  expect(JSON.stringify(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }))).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
})

test('lone surrogates are replaced, pairs stay', () => {
  expect(canonicalJson({ '\ud800': '🦊\udc00' })).toEqual({ '\ufffd': '🦊\ufffd' })
})

test.each([[{ a: 'x\0' }], [{ 'x\0': 1 }], [{ a: [Number.POSITIVE_INFINITY] }], [nested(MAX_DEPTH + 1)]])(
  '%# cannot be kept',
  (value) => expect(canonicalJson(value)).toBeUndefined(),
)

test('depth is allowed up to its limit', () => expect(canonicalJson(nested(MAX_DEPTH))).toEqual(nested(MAX_DEPTH)))

test('__proto__ is a key like any other', () => {
  const kept = canonicalJson(JSON.parse('{"__proto__":{"x":1}}'))
  expect(Object.getPrototypeOf(kept)).toBe(Object.prototype)
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"x":1}}')
  expect(JSON.stringify(mergeMetadata({}, JSON.parse('{"__proto__":{"x":1}}')))).toBe('{"__proto__":{"x":1}}')
})

test('a merge replaces key by key, and null removes', () => {
  expect(mergeMetadata({ a: 1, b: { x: 1 }, c: null }, { b: { y: 2 }, a: null, d: 4 })).toEqual({
    b: { y: 2 },
    c: null,
    d: 4,
  })
})

test('JSON is escaped as Go escapes it', () => {
  expect(encodeJson({ a: '<b>&\u2028\u2029"' })).toBe('{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\\""}')
})
