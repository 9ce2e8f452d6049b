import { expect, test } from 'bun:test'
import { gotrueSealer } from '../../src/adapters/gotrue-sealer'
import { aesGcmSealer } from '../../src/adapters/sealer'
import { rowConverter } from '../../src/compose/moved-rows'
import { importedTokenHash } from '../../src/core/sessions/refresh'
import type { Row } from '../../src/store/move'
import { movedTables } from '../../src/store/move/tables'

const ours = aesGcmSealer(Buffer.alloc(32, 1))
const shared = gotrueSealer(ours, { current: 'one', byId: new Map([['one', Buffer.alloc(32, 2)]]) })
const pepper = Buffer.from('pepper')
const toSqlite = rowConverter({ from: shared, to: ours, isFromShared: true, pepper })
const toPostgres = rowConverter({ from: ours, to: shared, isFromShared: false, pepper })

function converted(convert: typeof toSqlite, name: string, row: Row): Row {
  const table = movedTables.find((each) => each.name === name)
  if (!table) throw new Error(`no table ${name}`)
  return convert(table, row)
}

test('a secret of a shared table changes its form both ways', () => {
  const place = 'mfa_factors.secret:f1'
  const onSqlite = { id: 'f1', secret: ours.seal(Buffer.from('12345678901234567890'), place) }
  const onPostgres = converted(toPostgres, 'mfa_factors', onSqlite)
  expect(JSON.parse(String(onPostgres.secret))).toMatchObject({ key_id: 'one' })
  const back = converted(toSqlite, 'mfa_factors', onPostgres)
  expect(ours.open(String(back.secret), place).toString()).toBe('12345678901234567890')
})

test('a secret of another table, and a missing one, stay as they are', () => {
  const message = { id: 'm1', content: ours.seal(Buffer.from('{}'), 'messages.content:m1') }
  expect(converted(toPostgres, 'messages', message)).toEqual(message)
  expect(converted(toPostgres, 'messages', { id: 'm2', content: null })).toEqual({ id: 'm2', content: null })
  expect(converted(toSqlite, 'sessions', { id: 's1', refresh_token_hmac_key: '' })).toEqual({
    id: 's1',
    refresh_token_hmac_key: '',
  })
})

test('a secret that was sealed for another row is refused', () => {
  const sealed = ours.seal(Buffer.from('x'), 'sessions.refresh_token_hmac_key:s1')
  expect(() => converted(toPostgres, 'sessions', { id: 's2', refresh_token_hmac_key: sealed })).toThrow()
})

test('a password hash that GoTrue encrypted becomes a plain hash', () => {
  const encrypted = shared.seal(Buffer.from('$2a$10$hash'), 'users.encrypted_password:u1')
  expect(converted(toSqlite, 'users', { id: 'u1', encrypted_password: encrypted })).toEqual({
    id: 'u1',
    encrypted_password: '$2a$10$hash',
  })
})

test('refresh tokens become hashes, and hashes stay hashes', () => {
  const hash = importedTokenHash(pepper, 'abcdefghijkl')
  const row = { id: 1, token_hash: 'abcdefghijkl', parent_hash: 'bcdefghijklm' }
  expect(converted(toSqlite, 'refresh_tokens', row)).toEqual({
    id: 1,
    token_hash: hash,
    parent_hash: importedTokenHash(pepper, 'bcdefghijklm'),
  })
  const moved = { id: 1, token_hash: hash, parent_hash: null }
  expect(converted(toSqlite, 'refresh_tokens', moved)).toEqual(moved)
  expect(converted(toPostgres, 'refresh_tokens', moved)).toEqual(moved)
})
