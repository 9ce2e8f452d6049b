/** URIs of Postgres functions. */
import { expect, test } from 'bun:test'
import { parseFunctionUri } from '../../src/lib/function-uri'

test('schema and function are the last two parts', () => {
  expect(parseFunctionUri('pg-functions://postgres/public/My_Hook2')).toEqual({ schema: 'public', name: 'My_Hook2' })
  expect(parseFunctionUri('pg-functions:///public/hook')).toEqual({ schema: 'public', name: 'hook' })
})

test.each([
  'pg-functions://postgres/public',
  'pg-functions://postgres/public/hook/',
  'pg-functions://postgres/public/hook/more',
  'pg-functions://postgres/public/custom-hook',
  'pg-functions://postgres/public/2hook',
  `pg-functions://postgres/public/${'h'.repeat(64)}`,
  'pg-functions://postgres/public/hook"("',
  'pg-functions://postgres/public/h%6Fok',
  'pg-functions://postgres/public/hook?x',
  'pg-functions://postgres/public/hook\n',
  'pg-functions://user:password@postgres/public/hook',
  'https://postgres/public/hook',
])('%j is none', (uri) => {
  expect(parseFunctionUri(uri)).toBeUndefined()
})
