import { expect, test } from 'bun:test'
import {
  fitIntoToken,
  fitting,
  isMetadataChangeAllowed,
  MAX_METADATA_BYTES,
  MAX_TOKEN_METADATA_BYTES,
  MAX_USER_METADATA_BYTES,
  mergeWithinLimit,
} from '../../src/lib/metadata'

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
/** An object of so many bytes. */
const sized = (length: number) => ({ a: 'x'.repeat(length - bytes({ a: '' })) })

test('user metadata, and both kinds together, are limited in bytes', () => {
  expect(isMetadataChangeAllowed({ user: sized(MAX_USER_METADATA_BYTES), app: {} })).toBe(true)
  expect(isMetadataChangeAllowed({ user: sized(MAX_USER_METADATA_BYTES + 1), app: {} })).toBe(false)
  expect(isMetadataChangeAllowed({ user: { a: 'é'.repeat(MAX_USER_METADATA_BYTES / 2) }, app: {} })).toBe(false)
  const user = sized(MAX_USER_METADATA_BYTES)
  const rest = MAX_METADATA_BYTES - MAX_USER_METADATA_BYTES
  expect(isMetadataChangeAllowed({ user, app: sized(rest) })).toBe(true)
  expect(isMetadataChangeAllowed({ user, app: sized(rest + 1) })).toBe(false)
})

test('values written by the server are not counted, and cannot hide others', () => {
  const user = sized(MAX_USER_METADATA_BYTES)
  const own = { email: `${'a'.repeat(243)}@example.com`, email_verified: true, phone: '1234567', sub: 'x'.repeat(36) }
  const app = { provider: 'email', providers: ['email', 'google', 'github'] }
  expect(isMetadataChangeAllowed({ user: { ...user, ...own }, app })).toBe(true)
  expect(isMetadataChangeAllowed({ user: { ...user, email: 'a'.repeat(300) }, app: {} })).toBe(false)
})

test('metadata above the limit may shrink or stay, but not grow', () => {
  const before = { user: sized(10_000), app: {} }
  expect(isMetadataChangeAllowed({ ...before, user: sized(9_999) }, before)).toBe(true)
  expect(isMetadataChangeAllowed({ ...before, user: { ...before.user, email_verified: true } }, before)).toBe(true)
  expect(isMetadataChangeAllowed({ ...before, user: sized(10_001) }, before)).toBe(false)
  const beyond = { user: {}, app: sized(10_000) }
  expect(isMetadataChangeAllowed({ ...beyond, user: sized(MAX_USER_METADATA_BYTES) }, beyond)).toBe(true)
  expect(isMetadataChangeAllowed({ ...beyond, app: sized(10_001) }, beyond)).toBe(false)
})

test('as many members as fit are kept, smallest first', () => {
  const metadata = { large: 'x'.repeat(50), small: 1, middle: 'x'.repeat(20) }
  expect(fitting(metadata, bytes(metadata))).toEqual(metadata)
  expect(fitting(metadata, bytes(metadata) - 1)).toEqual({ small: 1, middle: metadata.middle })
  expect(fitting(metadata, bytes({ small: 1 }))).toEqual({ small: 1 })
  expect(fitting(metadata, 2)).toEqual({})
})

test('a token keeps app_metadata before user_metadata', () => {
  const token = fitIntoToken({ user: { a: 'x'.repeat(4000), b: 1 }, app: { c: 'x'.repeat(4000), d: 1 } })
  expect(token).toEqual({ user: { b: 1 }, app: { c: 'x'.repeat(4000), d: 1 } })
  expect(bytes(token.user) + bytes(token.app)).toBeLessThanOrEqual(MAX_TOKEN_METADATA_BYTES)
  expect(fitIntoToken({ user: {}, app: { roles: Array(2000).fill('role') } })).toEqual({ user: {}, app: {} })
})

test('a provider’s profile is merged as far as it fits', () => {
  const before = { user: { kept: 'x'.repeat(2900) }, app: {} }
  const profile = { name: 'Ada', picture: 'x'.repeat(500), kept: null }
  expect(mergeWithinLimit(before, { name: 'Ada', picture: 'x'.repeat(500) })).toEqual({ ...before.user, name: 'Ada' })
  expect(mergeWithinLimit(before, profile)).toEqual({ name: 'Ada', picture: 'x'.repeat(500) })
})
