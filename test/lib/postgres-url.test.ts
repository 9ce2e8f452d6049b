/** URLs of Postgres databases. */
import { expect, test } from 'bun:test'
import { driverUrl, parsePostgresUrl, shownPostgresUrl } from '../../src/lib/postgres-url'

const refusal = (url: string): string => {
  try {
    parsePostgresUrl(url)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error(`${url} is accepted`)
}

test('every part is read, with its percent encoding removed', () => {
  expect(
    parsePostgresUrl('postgresql://we%3Aird:p%40%2F%23%3F%25@db.example.com:6000/da%20ta?sslmode=require'),
  ).toEqual({
    user: 'we:ird',
    password: 'p@/#?%',
    host: 'db.example.com',
    port: 6000,
    database: 'da ta',
    sslMode: 'require',
    rootCertificate: undefined,
  })
})

test('what libpq has a default for may be missing', () => {
  expect(parsePostgresUrl('postgres://ada@db')).toEqual({
    user: 'ada',
    password: '',
    host: 'db',
    port: 5432,
    database: 'ada',
    sslMode: 'prefer',
    rootCertificate: undefined,
  })
})

test.each([
  ['', 'prefer', undefined],
  ['?sslmode=allow', 'prefer', undefined],
  ['?sslmode=DISABLE', 'disable', undefined],
  ['?sslmode=verify-full', 'verify-full', undefined],
  ['?sslmode=verify-full&sslrootcert=/etc/ca.pem', 'verify-full', '/etc/ca.pem'],
  ['?sslmode=require&sslrootcert=/etc/ca.pem', 'verify-ca', '/etc/ca.pem'],
  ['?sslrootcert=system', 'verify-full', undefined],
])('%s means sslmode %s', (query, sslMode, rootCertificate) => {
  expect(parsePostgresUrl(`postgres://a:b@db/x${query}`)).toMatchObject({ sslMode, rootCertificate })
})

test('a folder with a socket is a host', () => {
  for (const url of ['postgres://a@/x?host=/run/postgresql', 'postgres://a@%2Frun%2Fpostgresql/x'])
    expect([parsePostgresUrl(url).host, shownPostgresUrl(url), driverUrl(parsePostgresUrl(url))]).toEqual([
      '/run/postgresql',
      'postgres://a@/run/postgresql/.s.PGSQL.5432/x',
      'postgres://a:@%2Frun%2Fpostgresql:5432/x?sslmode=disable',
    ])
})

test('the driver gets the sslmode, and no parameter that Postgres does not know', () => {
  const url = 'postgres://a:p%40ss@[::1]:5433/x?pgbouncer=true&connection_limit=1&search_path=auth&sslmode=require'
  expect(driverUrl(parsePostgresUrl(url))).toBe('postgres://a:p%40ss@[::1]:5433/x?sslmode=require')
})

test('what is shown has no password', () => {
  expect(shownPostgresUrl('postgres://a:hunter2@db:1/x?sslmode=require')).toBe('postgres://a@db:1/x')
  expect(shownPostgresUrl('postgres://a:hunter2@[::1]/x')).toBe('postgres://a@[::1]:5432/x')
})

test.each([
  ['mysql://a:hunter2@db/x', 'of the form postgres://user:password@host:5432/database'],
  ['postgres://a:hunter2/3@db/x', 'special characters of the password written as %23'],
  ['postgres://a:hunter2#3@db/x', 'special characters of the password written as %23'],
  ['postgres://a:hunter2%@db/x', 'a percent sign is written %25'],
  ['postgres:a:hunter2@db/x', 'of the form'],
  ['postgres://:hunter2@db/x', 'with a user'],
  ['postgres://a:hunter2@/x', 'with one host'],
  ['postgres://a:hunter2@one,two/x', 'with one host'],
  ['postgres://a:hunter2@one:1,two:2/x', 'of the form'],
  ['postgres://a:hunter2@db/x?sslmode=none', 'with an sslmode of disable, prefer, require, verify-ca, verify-full'],
  ['postgres://a:hunter2@db/x?sslcert=/c.pem', 'without the parameter sslcert'],
  ['postgres://a@db/x?password=hunter2', 'without the parameter password'],
])('%s is refused, with a message that leaves out the password', (url, message) => {
  expect(refusal(url)).toContain(message)
  expect(refusal(url)).not.toContain('hunter2')
})
