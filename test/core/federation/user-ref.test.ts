import { expect, test } from 'bun:test'
import { parseUserRef } from '../../../src/core/federation/user-ref'

const HEX = '0123456789abcdef0123456789abcdef'

test('a UserRef names an account of this server by its uid, or of another by 128 bits', () => {
  expect(parseUserRef('local@0')).toEqual({ kind: 'local', uid: 0 })
  expect(parseUserRef('local@4294967295')).toEqual({ kind: 'local', uid: 4294967295 })
  expect(parseUserRef(`work@${HEX}`)).toEqual({ kind: 'external', server: 'work', id: HEX })
  expect(parseUserRef(`https://auth.example.com@${HEX}`)).toMatchObject({ server: 'https://auth.example.com' })
})

test.each([
  ['a missing @', 'local5'],
  ['nothing before it', '@5'],
  ['nothing behind it', 'local@'],
  ['more than 32 bits', 'local@4294967296'],
  ['a sign', 'local@-1'],
  ['a leading zero', 'local@07'],
  ['a hexadecimal uid', 'local@0x5'],
  ['a bad digit', `work@${HEX.slice(1)}g`],
  ['upper case', `work@${HEX.toUpperCase()}`],
  ['too few digits', `work@${HEX.slice(1)}`],
  ['a second @', `work@x@${HEX}`],
])('%s is not a UserRef: %p', (_, text) => expect(parseUserRef(text)).toBeUndefined())
