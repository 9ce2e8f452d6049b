/** The claims that the Custom Access Token hook may return (docs/hooks.md#custom-access-token). */
import { expect, test } from 'bun:test'
import { acceptClaims } from '../../../src/core/hooks/custom-access-token'
import { Refusal } from '../../../src/core/kernel/refusal'
import type { Json, JsonObject } from '../../../src/lib/json'
import { errorAnswers } from '../../../src/surfaces/gotrue/error-messages'

const GIVEN: JsonObject = {
  iss: 'http://localhost:7020/auth/v1',
  sub: '7a4b0f1e-0000-4000-8000-000000000000',
  aud: 'authenticated',
  exp: 1767229200,
  iat: 1767225600,
  email: 'ada@example.com',
  phone: '',
  app_metadata: { provider: 'email' },
  user_metadata: {},
  role: 'authenticated',
  aal: 'aal1',
  amr: [{ method: 'password', timestamp: 1767225600 }],
  session_id: '8b4b0f1e-0000-4000-8000-000000000000',
  is_anonymous: false,
}
const REQUIRED = ['aud', 'exp', 'iat', 'sub', 'email', 'phone', 'role', 'aal', 'session_id', 'is_anonymous']
const OPTIONAL = ['iss', 'app_metadata', 'user_metadata', 'amr']

/** As GoTrue's clients see it. */
function refusal(claims: unknown): unknown[] {
  try {
    acceptClaims(claims, GIVEN)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return errorAnswers[error.reason].map((part) => (typeof part === 'function' ? part(error.detail) : part))
  }
  return []
}

const changed = (changes: JsonObject) => ({ ...GIVEN, ...changes })
const without = (name: string) => Object.fromEntries(Object.entries(GIVEN).filter(([key]) => key !== name))
const nonconforming = (...lines: string[]) => [
  ...[500, 'unexpected_failure'],
  `output claims do not conform to the expected schema: \n${lines.map((line) => `- ${line}\n`).join('')}`,
]

test('the claims that were given are accepted, and are signed with sorted keys at every level', () => {
  const { kept, bytes } = acceptClaims(changed({ b: { d: 1, c: [{ z: 1, y: 2 }] } }), GIVEN)
  expect(Object.keys(kept)).toEqual([...Object.keys(GIVEN), 'b'].sort())
  expect(JSON.stringify(kept.b)).toBe('{"c":[{"y":2,"z":1}],"d":1}')
  expect(bytes).toBe(JSON.stringify(kept).length)
})

test('without claims, or with claims that are no object, there is no token', () => {
  for (const none of [undefined, null])
    expect(refusal(none)).toEqual([500, 'unexpected_failure', 'output claims field is missing'])
  for (const other of [[], 'x', 5, true, [GIVEN]])
    expect(refusal(other)).toEqual([500, 'unexpected_failure', 'Error unmarshaling JSON output.'])
})

test.each(REQUIRED)('%s must be there', (name) => {
  expect(refusal(without(name))).toEqual(nonconforming(`(root): ${name} is required`))
})

test.each(OPTIONAL)('%s may be left out', (name) => {
  expect(acceptClaims(without(name), GIVEN).kept).not.toHaveProperty(name)
})

test('every missing claim is named', () => {
  expect(refusal({})).toEqual(nonconforming(...REQUIRED.map((name) => `(root): ${name} is required`)))
})

/** Examples of each type, by the validator's name for it. */
const EXAMPLES: Record<string, Json> = {
  string: 'x',
  integer: 7,
  number: 1.5,
  boolean: true,
  array: [],
  object: {},
  null: null,
}
const TYPES: Record<string, string[]> = {
  aud: ['string', 'array'],
  ...Object.fromEntries(['exp', 'iat', 'nbf'].map((name) => [name, ['integer']])),
  ...Object.fromEntries(
    ['sub', 'email', 'phone', 'role', 'aal', 'session_id', 'jti', 'iss', 'client_id'].map((name) => [name, ['string']]),
  ),
  ...Object.fromEntries(['app_metadata', 'user_metadata'].map((name) => [name, ['object']])),
  amr: ['array'],
}

test.each(Object.keys(TYPES))('%s has its type', (name) => {
  const types = TYPES[name] ?? []
  const expected = types.length > 1 ? `[${types.join(',')}]` : types[0]
  for (const [type, example] of Object.entries(EXAMPLES)) {
    const isFixed = name === 'sub' || name === 'session_id'
    const answer = refusal(changed({ [name]: example }))
    if (types.includes(type))
      expect([type, answer]).toEqual([type, isFixed ? nonconforming(`${name}: must not change`) : []])
    else
      expect([type, answer]).toEqual([
        type,
        nonconforming(`${name}: Invalid type. Expected: ${expected}, given: ${type}`),
      ])
  }
})

test('is_anonymous and claims without a meaning may have any type', () => {
  for (const example of Object.values(EXAMPLES))
    expect(refusal(changed({ is_anonymous: example, tier: example }))).toEqual([])
})

test('1.0 is an integer', () => {
  expect(refusal(JSON.parse(JSON.stringify(GIVEN).replace('1767229200', '1767229200.0')))).toEqual([])
})

test('amr lists methods as text or objects', () => {
  expect(refusal(changed({ amr: ['password', { method: 'totp' }] }))).toEqual([])
  expect(refusal(changed({ amr: ['password', 5] }))).toEqual(
    nonconforming('amr.1: Must validate one and only one schema (oneOf)'),
  )
})

test('sub and session_id may not change; role, aud and exp may', () => {
  for (const name of ['sub', 'session_id'])
    for (const other of ['', '9c4b0f1e-0000-4000-8000-000000000000', (GIVEN[name] as string).toUpperCase()])
      expect(refusal(changed({ [name]: other }))).toEqual(nonconforming(`${name}: must not change`))
  expect(refusal(changed({ role: 'editor', aud: ['a'], exp: 1, email: '' }))).toEqual([])
})

test('claims have at most 16 KiB', () => {
  const sized = (bytes: number) => {
    const frame = JSON.stringify(changed({ pad: '' })).length
    return changed({ pad: 'x'.repeat(bytes - frame) })
  }
  expect(acceptClaims(sized(16_384), GIVEN).bytes).toBe(16_384)
  expect(refusal(sized(16_385))).toEqual(nonconforming('(root): has 16385 bytes, of at most 16384'))
})

test('what cannot be signed is refused: NUL, deep nesting, infinite numbers', () => {
  let deep: Json = []
  for (let level = 0; level < 2000; level++) deep = [deep]
  expect(refusal(changed({ deep }))).toEqual(nonconforming('(root): is nested too deeply'))
  expect(refusal(changed({ text: 'a\0b' }))).toEqual(nonconforming('(root): contains a NUL character'))
  expect(refusal(JSON.parse(JSON.stringify(GIVEN).replace('{', '{"big":1e999,')))).toEqual(
    nonconforming('(root): contains a number out of range'),
  )
})

test('a claim named __proto__ is data', () => {
  const given = JSON.parse(JSON.stringify(GIVEN).replace('{', '{"__proto__":{"role":"admin"},'))
  const { kept } = acceptClaims(given, GIVEN)
  expect(JSON.stringify(kept)).toContain('"__proto__":{"role":"admin"}')
  expect(kept.role).toBe('authenticated')
})
