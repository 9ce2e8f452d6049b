/** Connections to Postgres: TLS as libpq's sslmode says, sockets, and credentials with special characters. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../../src/store/postgres/connect'
import { runOn } from '../../support/postgres'
import { type PostgresServer, postgresPrograms, startPostgresServer } from '../../support/postgres-server'
import { selfSigned } from '../../support/self-signed'

interface Connected {
  user: string
  name: string
  isEncrypted: boolean
}

/** @returns what the server knows of the connection @throws if there is none */
async function connected(url: string): Promise<Connected> {
  const pool = connect(url, { maxConnections: 1 })
  try {
    const [row] = await pool.unsafe<[Connected]>(
      `SELECT current_user AS user, current_setting('application_name') AS name, ssl AS "isEncrypted"
      FROM pg_stat_ssl WHERE pid = pg_backend_pid()`,
    )
    return row
  } finally {
    await pool.close()
  }
}

describe.skipIf(postgresPrograms === undefined)('a connection', () => {
  let server: PostgresServer
  let authority: string
  const at = (host: string, query: string) => `${server.url.replace('127.0.0.1', host)}/postgres${query}`

  /** The server writes its own key, because it must own it. */
  const put = (file: string, text: string) =>
    runOn(
      at('127.0.0.1', ''),
      `COPY (SELECT regexp_split_to_table('${text.trim()}', '\\n')) TO PROGRAM 'umask 077; cat > ${file}'`,
    )

  beforeAll(async () => {
    server = await startPostgresServer()
    authority = join(server.socketFolder, 'authority.pem')
    writeFileSync(authority, selfSigned.cert)
    await put('server.key', selfSigned.key)
    await put('server.crt', selfSigned.cert)
    await runOn(at('127.0.0.1', ''), 'ALTER SYSTEM SET ssl = on')
    await server.stop()
    await server.start()
  }, 60_000)
  afterAll(() => server?.[Symbol.asyncDispose]())

  test('names the program, and is encrypted if the server can do so', async () => {
    expect(await connected(at('localhost', ''))).toEqual({ user: 'postgres', name: 'latchkey', isEncrypted: true })
  })

  test.each([
    ['?sslmode=disable', false],
    ['?sslmode=prefer', true],
    ['?sslmode=require', true],
  ])('%s: encrypted %p, whatever the certificate', async (query, isEncrypted) => {
    expect((await connected(at('127.0.0.1', query))).isEncrypted).toBe(isEncrypted)
    expect((await connected(at('127.0.0.1', `${query}&pgbouncer=true&search_path=auth`))).isEncrypted).toBe(isEncrypted)
  })

  test.each(['verify-ca', 'verify-full'])('sslmode=%s refuses a certificate of an unknown authority', async (mode) => {
    expect(connected(at('localhost', `?sslmode=${mode}`))).rejects.toThrow(/certificate/)
  })

  test('sslrootcert names a known authority; verify-full also compares the host', async () => {
    const withRoot = (host: string, mode: string) => connected(at(host, `?sslmode=${mode}&sslrootcert=${authority}`))
    expect((await withRoot('localhost', 'verify-full')).isEncrypted).toBe(true)
    expect(withRoot('127.0.0.1', 'verify-full')).rejects.toThrow(/altnames/)
    for (const mode of ['verify-ca', 'require', 'prefer'])
      expect((await withRoot('127.0.0.1', mode)).isEncrypted).toBe(true)
    expect((await withRoot('127.0.0.1', 'disable')).isEncrypted).toBe(false)
    expect(() => connect(at('localhost', '?sslmode=verify-full&sslrootcert=/missing'), { maxConnections: 1 })).toThrow(
      'the root certificate of the database cannot be read (sslrootcert): ENOENT',
    )
  })

  test('may use a socket, which is not encrypted', async () => {
    const { port } = new URL(server.url)
    const socket = `postgres://postgres@%2F${server.socketFolder.slice(1).replaceAll('/', '%2F')}:${port}/postgres`
    expect((await connected(`${socket}?sslmode=require`)).isEncrypted).toBe(false)
    const asParameter = `postgres://postgres@localhost:${port}/postgres?host=${server.socketFolder}`
    expect((await connected(asParameter)).user).toBe('postgres')
  })

  test('user, password and database may contain any character', async () => {
    const [user, password, database] = ['we:ird@u/ser', 'p@:/?#%& ', 'da ta']
    await runOn(at('localhost', ''), `CREATE ROLE "${user}" LOGIN PASSWORD '${password}'`)
    await runOn(at('localhost', ''), `CREATE DATABASE "${database}"`)
    const url = at('localhost', '').replace('postgres@', `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)
    expect((await connected(url.replace(/postgres$/, encodeURIComponent(database)))).user).toBe(user)
  })
})
