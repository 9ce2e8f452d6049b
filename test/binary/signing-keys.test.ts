/** Signing keys as an operator changes them: with the executable's command, while a server runs. */
import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { claimsOf, type Json } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { removeFolder } from '../support/remove-folder'

const PASSWORD = 'correct-horse-battery-9'

const headerOf = (token: string): Json => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

const keys = async (server: Pick<Binary, 'folder'>, ...args: string[]) => run(['keys', ...args], { cwd: server.folder })

const listed = async (server: Pick<Binary, 'folder'>): Promise<Json[]> =>
  JSON.parse((await keys(server, 'list', '--json')).stdout)

async function signIn(server: Binary, email: string): Promise<Json> {
  const { body } = await server.ask('POST', '/auth/v1/token?grant_type=password', {
    body: { email, password: PASSWORD },
  })
  return body
}

/** Waits until the server signs with the new key. */
async function until(server: Binary, alg: string): Promise<Json> {
  const email = `${crypto.randomUUID()}@example.com`
  const { body } = await server.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD } })
  let session = body
  while (headerOf(session.access_token).alg !== alg)
    session = (
      await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
        body: { refresh_token: session.refresh_token },
      })
    ).body
  return session
}

test('a rotation while the server runs switches to ES256, which getClaims verifies locally', async () => {
  await using server = await startBinary()
  const { stdout, status } = await keys(server, 'rotate', '--now')
  expect([status, stdout]).toEqual([0, expect.stringContaining('(ES256) is published, and signs from')])
  await until(server, 'ES256')
  const supabase = createClient(server.url, server.keys.publishable_key, { auth: { autoRefreshToken: false } })
  const { data } = await supabase.auth.signUp({ email: 'ada@example.com', password: PASSWORD })
  await server.settled()
  const asked = server.log.length
  const claims = await supabase.auth.getClaims()
  expect([claims.error, claims.data?.claims.sub, claims.data?.header.alg]).toEqual([null, data.user?.id, 'ES256'])
  await server.settled()
  const routes = server.log.slice(asked).map(({ route }) => route)
  expect(routes).toContain('/auth/v1/.well-known/jwks.json')
  expect(routes).not.toContain('/auth/v1/user')
  const users = await server.ask('GET', '/auth/v1/admin/users', { token: server.keys.service_role_key })
  expect([users.status, headerOf(server.keys.service_role_key).alg]).toEqual([200, 'HS256'])
})

test('threat T26: rotations under load lose no request', async () => {
  // The sign-ups wait for each other's hashes; how long they may is not what this is about.
  await using server = await startBinary({
    env: { AUTH_PASSWORD_MIN_LENGTH: '6', AUTH_API_MAX_REQUEST_DURATION: '1m' },
  })
  const failures: unknown[] = []
  let requests = 0
  let isOver = false
  const algorithms = new Set<string>()
  const ask = async (...args: Parameters<Binary['ask']>) => {
    const reply = await server.ask(...args)
    requests++
    if (reply.status !== 200) failures.push([args[1], reply.status, reply.body])
    return reply.body
  }
  const client = async (index: number) => {
    let session = await ask('POST', '/auth/v1/signup', {
      body: { email: `load-${index}@example.com`, password: PASSWORD },
    })
    while (!isOver) {
      const kept = session.access_token
      session = await ask('POST', '/auth/v1/token?grant_type=refresh_token', {
        body: { refresh_token: session.refresh_token },
      })
      algorithms.add(headerOf(session.access_token).kid ?? 'secret')
      // the token from before the refresh is still valid, too
      for (const token of [kept, session.access_token]) await ask('GET', '/auth/v1/user', { token })
    }
  }
  const clients = Promise.all(Array.from({ length: 12 }, (_, index) => client(index)))
  for (const alg of ['ES256', 'RS256', 'EdDSA', 'ES256']) {
    const { status, stderr } = await keys(server, 'rotate', '--now', '--alg', alg)
    expect([status, stderr]).toEqual([0, ''])
    const [{ kid }] = await listed(server)
    while (!algorithms.has(kid)) await Bun.sleep(10)
  }
  isOver = true
  await clients
  expect(failures).toEqual([])
  expect(algorithms.size).toBe(5)
  expect(requests).toBeGreaterThan(100)
  console.info(`rotation under load: ${requests} requests over 5 signing keys, ${failures.length} failed`)
}, 60_000)

test('revoking a key invalidates its tokens on the running server', async () => {
  await using server = await startBinary()
  await keys(server, 'rotate', '--now')
  const session = await until(server, 'ES256')
  const { kid } = headerOf(session.access_token)
  expect((await keys(server, 'revoke', kid)).stdout).toContain('signed with the HS256 secret')
  const who = async () => (await server.ask('GET', '/auth/v1/user', { token: session.access_token })).status
  while ((await who()) === 200) await Bun.sleep(10)
  expect(await who()).toBe(403)
  expect(await listed(server)).toMatchObject([{ kid, status: 'revoked' }])
  expect(claimsOf((await until(server, 'HS256')).access_token).aud).toBe('authenticated')
  const again = await keys(server, 'revoke', kid)
  expect([again.status, again.stderr]).toEqual([3, expect.stringContaining('is not an active key')])
})

test('keys survive a restart, and a key added before the first start is used from the beginning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  await keys({ folder }, 'rotate', '--init', '--now')
  for (let time = 0; time < 2; time++) {
    await using server = await startBinary({ folder })
    await server.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
    expect(headerOf((await signIn(server, 'ada@example.com')).access_token).alg).toBe('ES256')
  }
  removeFolder(folder)
})

test('a key can be imported as PEM, JWK or JWK Set, and is on standby until rotated to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  const make = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return keys({ folder }, 'import', '--init', name)
  }
  const pem = await write('key.pem', make().export({ format: 'pem', type: 'pkcs8' }) as string)
  expect([pem.status, pem.stdout]).toEqual([0, expect.stringContaining('is published on standby')])
  const jwk = { ...make().export({ format: 'jwk' }), alg: 'ES256', kid: 'mine', use: 'sig', key_ops: ['sign'] }
  expect((await write('key.json', JSON.stringify(jwk))).status).toBe(0)
  expect((await write('set.json', JSON.stringify({ keys: [{ ...jwk, kid: 'of-set', d: undefined }] }))).status).toBe(1)
  const twice = await write('list.json', JSON.stringify([jwk]))
  expect([twice.status, twice.stderr]).toEqual([4, expect.stringContaining('a key with the kid mine already exists')])
  for (const text of ['', 'x', '"x"', '[1]', '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----'])
    expect((await write('bad', text)).status).toBe(1)
  expect((await keys({ folder }, 'rotate', 'mine', '--now')).stdout).toContain('mine (ES256) is published')
  expect((await keys({ folder }, 'rotate', 'unknown')).status).toBe(3)
  expect((await listed({ folder })).map(({ status }) => status).sort()).toEqual(['in_use', 'standby'])
  const secret = JSON.stringify(jwk).match(/"d":"([^"]+)"/)?.[1] ?? ''
  const database = await Bun.file(join(folder, 'latchkey-data/latchkey.db')).text()
  expect(database).not.toContain(secret)
  removeFolder(folder)
})

test('the command refuses if the settings contain the keys or do not work with another one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const own = JSON.stringify([{ ...jwk, alg: 'ES256', kid: 'x', key_ops: ['sign'] }])
  const inSettings = await run(['keys', 'rotate'], { cwd: folder, env: { AUTH_JWT_KEYS: own } })
  expect([inSettings.status, inSettings.stderr]).toEqual([
    1,
    expect.stringContaining('AUTH_JWT_KEYS contains the signing keys'),
  ])
  const narrow = await run(['keys', 'rotate', '--init'], { cwd: folder, env: { AUTH_JWT_VALID_METHODS: 'HS256' } })
  expect([narrow.status, narrow.stderr]).toEqual([1, expect.stringContaining('does not list ES256')])
  expect(await listed({ folder })).toEqual([])
  const elsewhere = join(folder, 'elsewhere')
  for (const args of [
    ['keys', 'rotate', '--data-dir', elsewhere, '--init', '--now'],
    ['keys', '--data-dir', elsewhere, 'rotate', '--now'],
  ])
    expect((await run(args, { cwd: folder })).status).toBe(0)
  expect(await listed({ folder })).toEqual([])
  const there = await run(['keys', 'list', '--data-dir', elsewhere, '--json'], { cwd: folder })
  expect(JSON.parse(there.stdout)).toHaveLength(2)
  removeFolder(folder)
})
