import { expect, test } from 'bun:test'
import { gotrueSettings, sealerOf } from '../../src/compose/keys'
import { load } from '../../src/config/load'

const secrets = { encryptionKey: Buffer.alloc(32, 5).toString('base64') }
const KEY = 'pwFoiPyybQMqNmYVN0gUnpbfpGQV2sDv9vp0ZAxi_Y4'
const PREFIX = 'GOTRUE_SECURITY_DB_ENCRYPTION'
const AAD = 'custom_oauth_providers.client_secret:1f6bdee5-5b6a-4b9e-9a8e-2d8c1a0f3b77'

const configured = (set: Record<string, string> = {}) => load({ set }).settings
const sealerWith = (set: Record<string, string> = {}) => sealerOf(configured(set), secrets, { isShared: true })

test('secrets in tables of GoTrue are encrypted without any setting, and GoTrue gets the key', () => {
  const sealed = sealerWith().seal(Buffer.from('secret'), AAD)
  expect(JSON.parse(sealed)).toMatchObject({ key_id: 'latchkey' })
  const printed = gotrueSettings(configured(), secrets)
  expect(printed).toMatchObject({
    [`${PREFIX}_ENCRYPT`]: 'true',
    [`${PREFIX}_ENCRYPTION_KEY_ID`]: 'latchkey',
    [`${PREFIX}_DECRYPTION_KEYS`]: `latchkey:${printed[`${PREFIX}_ENCRYPTION_KEY`]}`,
    GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION: '2',
  })
  expect(printed[`${PREFIX}_ENCRYPTION_KEY`]).toMatch(/^[\w-]{43}$/)
  // A server with another AUTH_ENCRYPTION_KEY and the printed settings, as GoTrue has them.
  const other = { encryptionKey: Buffer.alloc(32, 6).toString('base64') }
  expect(sealerOf(configured(printed), other, { isShared: true }).open(sealed, AAD).toString()).toBe('secret')
  expect(() => sealerOf(configured(), other, { isShared: true }).open(sealed, AAD)).toThrow()
})

test('the derived key depends on AUTH_ENCRYPTION_KEY and is not it', () => {
  const keyWith = (encryptionKey: Buffer) =>
    gotrueSettings(configured(), { encryptionKey: encryptionKey.toString('base64') })[`${PREFIX}_ENCRYPTION_KEY`]
  const keys = [Buffer.alloc(32, 5), Buffer.alloc(32, 6)].map(keyWith)
  expect(new Set([...keys, Buffer.alloc(32, 5).toString('base64url')]).size).toBe(3)
})

test('GoTrue’s own settings are used, and its keys and ours remain readable', () => {
  const set = {
    [`${PREFIX}_ENCRYPT`]: 'true',
    [`${PREFIX}_ENCRYPTION_KEY_ID`]: 'k2',
    [`${PREFIX}_ENCRYPTION_KEY`]: KEY,
    [`${PREFIX}_DECRYPTION_KEYS`]: `k2:${KEY},k1:${Buffer.alloc(32, 1).toString('base64url')}`,
  }
  const sealer = sealerWith(set)
  expect(JSON.parse(sealer.seal(Buffer.from('secret'), AAD))).toMatchObject({ key_id: 'k2' })
  expect(sealer.open(sealerWith().seal(Buffer.from('secret'), AAD), AAD).toString()).toBe('secret')
  expect(gotrueSettings(configured(set), secrets)).toMatchObject({
    [`${PREFIX}_ENCRYPTION_KEY_ID`]: 'k2',
    [`${PREFIX}_ENCRYPTION_KEY`]: KEY,
    [`${PREFIX}_DECRYPTION_KEYS`]: expect.stringMatching(/^latchkey:[\w-]{43},k2:[\w-]{43},k1:[\w-]{43}$/),
  })
})

test('with encryption off, secrets are written in plaintext and encrypted ones are read', () => {
  const off = { [`${PREFIX}_ENCRYPT`]: 'false' }
  expect(sealerWith(off).seal(Buffer.from('secret'), AAD)).toBe('secret')
  expect(
    sealerWith(off)
      .open(sealerWith().seal(Buffer.from('secret'), AAD), AAD)
      .toString(),
  ).toBe('secret')
  const printed = gotrueSettings(configured(off), secrets)
  expect(Object.keys(printed)).toEqual([
    `${PREFIX}_ENCRYPT`,
    `${PREFIX}_DECRYPTION_KEYS`,
    'GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION',
  ])
})

test('a database of our own is sealed with our key only', () => {
  const sealer = sealerOf(configured(), secrets, { isShared: false })
  expect(sealer.seal(Buffer.from('secret'), AAD)).toMatch(/^[0-9a-f]{8}\./)
})

const TOGETHER =
  'AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY and AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID must be set together.'
test.each([
  [{ [`${PREFIX}_ENCRYPTION_KEY`]: KEY }, TOGETHER],
  [{ [`${PREFIX}_ENCRYPTION_KEY_ID`]: 'k1' }, TOGETHER],
  [{ [`${PREFIX}_DECRYPTION_KEYS`]: 'k1:short' }, 'each key being 32 bytes as base64url'],
  [{ [`${PREFIX}_DECRYPTION_KEYS`]: 'k1' }, 'a list of id:key'],
  [{ [`${PREFIX}_DECRYPTION_KEYS`]: `k1:${KEY}:more` }, 'a list of id:key'],
  [{ [`${PREFIX}_DECRYPTION_KEYS`]: `:${KEY}` }, 'a list of id:key'],
] as [Record<string, string>, string][])('%p stops the start', (set, message) => {
  const { problems } = load({ set })
  expect(problems.filter(({ severity }) => severity === 'error').map((each) => each.message)).toEqual([
    expect.stringContaining(message),
  ])
})
