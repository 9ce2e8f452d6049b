/** The published supabase-js, unmodified, against the compiled executable. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { type AuthError, createClient, type SupabaseClient } from '@supabase/supabase-js'
import { snippets } from '../../src/pages/home/snippets'
import { type Binary, startBinary } from '../support/binary'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { startHookServer } from '../support/hook-server'
import { codeAt } from '../support/totp'
import { ethereumWallet, solanaWallet } from '../support/wallets'

/** supabase-js needs a WebSocket, which Node has built in since version 22. */
const NODE_FLAGS = ['--experimental-websocket', '--input-type=module']

const password = 'correct-horse-battery-9'
let server: Binary
let serial = 0
const address = () => `user-${++serial}@example.com`

/** A client like in a browser, with a session of its own in memory. */
const client = (key = server.keys.publishable_key, storage?: Map<string, string>): SupabaseClient =>
  createClient(server.url, key, {
    auth: {
      autoRefreshToken: false,
      detectSessionInUrl: false,
      ...(storage && {
        storage: {
          getItem: (name: string) => storage.get(name) ?? null,
          setItem: (name: string, value: string) => void storage.set(name, value),
          removeItem: (name: string) => void storage.delete(name),
        },
      }),
    },
  })

const admin = (key = server.keys.secret_key) =>
  createClient(server.url, key, { auth: { autoRefreshToken: false, persistSession: false } }).auth.admin

async function signedUp() {
  const email = address()
  const supabase = client()
  const { data, error } = await supabase.auth.signUp({ email, password, options: { data: { name: 'Ada' } } })
  if (error || !data.session || !data.user) throw error
  return { supabase, email, session: data.session, user: data.user }
}

const failure = (error: AuthError | null) => [error?.name, error?.status, error?.code]

beforeAll(async () => {
  server = await startBinary({
    env: {
      AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
      AUTH_EXTERNAL_WEB3_SOLANA_ENABLED: 'true',
    },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

test('signUp signs in at once, and getUser and getSession return the user', async () => {
  const { supabase, email, user } = await signedUp()
  expect(user).toMatchObject({ email, user_metadata: { name: 'Ada' }, identities: [{ provider: 'email' }] })
  expect((await supabase.auth.getUser()).data.user?.id).toBe(user.id)
  expect((await supabase.auth.getSession()).data.session?.user.email).toBe(email)
})

test('the anon key of older projects works like the publishable key', async () => {
  const supabase = client(server.keys.anon_key)
  expect((await supabase.auth.signUp({ email: address(), password })).error).toBeNull()
})

test('signInWithPassword opens a session, and errors have codes', async () => {
  const { email, user } = await signedUp()
  const supabase = client()
  expect((await supabase.auth.signInWithPassword({ email, password })).data.user?.id).toBe(user.id)
  expect(failure((await supabase.auth.signInWithPassword({ email, password: 'wrong' })).error)).toEqual([
    'AuthApiError',
    400,
    'invalid_credentials',
  ])
  expect(failure((await supabase.auth.signUp({ email, password })).error)).toEqual([
    'AuthApiError',
    422,
    'user_already_exists',
  ])
  const { error } = await supabase.auth.signUp({ email: address(), password: 'abc' })
  expect(failure(error)).toEqual(['AuthWeakPasswordError', 422, 'weak_password'])
  expect((error as unknown as { reasons: string[] }).reasons).toEqual(['length'])
})

test('signInAnonymously creates a user who can become permanent', async () => {
  const supabase = client()
  const { data } = await supabase.auth.signInAnonymously({ options: { data: { theme: 'dark' } } })
  expect(data.user).toMatchObject({ is_anonymous: true, user_metadata: { theme: 'dark' } })
  const email = address()
  expect((await supabase.auth.updateUser({ email, password })).data.user).toMatchObject({
    id: data.user?.id,
    email,
    is_anonymous: false,
  })
  expect((await client().auth.signInWithPassword({ email, password })).data.user?.id).toBe(data.user?.id)
})

test('refreshSession rotates the token, and two tabs that refresh at once both stay signed in', async () => {
  const storage = new Map<string, string>()
  const first = client(undefined, storage)
  await first.auth.signUp({ email: address(), password })
  const tabs = [client(undefined, new Map(storage)), client(undefined, new Map(storage))]
  const refreshed = await Promise.all(tabs.map((tab) => tab.auth.refreshSession()))
  expect(refreshed.map(({ error }) => error)).toEqual([null, null])
  for (const tab of tabs) {
    expect((await tab.auth.refreshSession()).error).toBeNull()
    expect((await tab.auth.getUser()).error).toBeNull()
  }
})

test('setSession accepts tokens from elsewhere, also with an expired access token', async () => {
  const { session, user } = await signedUp()
  const supabase = client()
  const { data, error } = await supabase.auth.setSession(session)
  expect([error, data.user?.id]).toEqual([null, user.id])
  expect(
    failure((await client().auth.setSession({ ...session, access_token: `${session.access_token}x` })).error)[2],
  ).toBe('bad_jwt')
})

test('updateUser changes metadata and password, and signs out the other devices', async () => {
  const { supabase, email } = await signedUp()
  const phone = client()
  await phone.auth.signInWithPassword({ email, password })
  expect((await supabase.auth.updateUser({ data: { name: 'Ada Lovelace' } })).data.user?.user_metadata.name).toBe(
    'Ada Lovelace',
  )
  expect((await supabase.auth.updateUser({ password: 'another-password-1' })).error).toBeNull()
  expect((await supabase.auth.getUser()).error).toBeNull()
  expect((await phone.auth.getUser()).error?.name).toBe('AuthSessionMissingError')
  expect(failure((await supabase.auth.updateUser({ password: 'another-password-1' })).error)[2]).toBe('same_password')
})

test('signOut works in all three scopes, and getSession is null afterwards', async () => {
  const { supabase: a, email } = await signedUp()
  const [b, c] = [client(), client()]
  for (const other of [b, c]) await other.auth.signInWithPassword({ email, password })
  const isIn = async (tab: SupabaseClient) => (await tab.auth.getUser()).error === null
  expect((await c.auth.signOut({ scope: 'local' })).error).toBeNull()
  expect((await c.auth.getSession()).data.session).toBeNull()
  expect([await isIn(a), await isIn(b)]).toEqual([true, true])
  await a.auth.signOut({ scope: 'others' })
  expect([await isIn(a), await isIn(b)]).toEqual([true, false])
  await a.auth.signOut()
  expect((await a.auth.getSession()).data.session).toBeNull()
})

test('getClaims asks the server while tokens are signed with HS256', async () => {
  const { supabase, user } = await signedUp()
  const { data, error } = await supabase.auth.getClaims()
  expect([error, data?.claims.sub, data?.header.alg]).toEqual([null, user.id, 'HS256'])
})

test('a refusal of the Before User Created hook reaches the application with its status and text', async () => {
  await using hook = await startHookServer()
  await using other = await startBinary({ env: hook.settings('BEFORE_USER_CREATED') })
  const supabase = createClient(other.url, other.keys.publishable_key, { auth: { autoRefreshToken: false } })
  hook.always({ body: { error: { http_code: 403, message: 'Only @example.com may sign up' } } })
  const refused = await supabase.auth.signUp({ email: 'eve@example.org', password })
  expect(failure(refused.error)).toEqual(['AuthApiError', 403, 'unknown'])
  expect(refused.error?.message).toBe('Only @example.com may sign up')
  const code = await supabase.auth.signInWithOtp({ email: 'eve@example.org' })
  expect([code.error?.status, code.error?.message]).toEqual([403, 'Only @example.com may sign up'])
  hook.always({ status: 204 })
  expect((await supabase.auth.signUp({ email: address(), password })).error).toBeNull()
})

test('getClaims returns what the roles of a user give to the token', async () => {
  const byRole = { editor: { user_role: 'editor', permissions: ['posts.write'] }, user: { plan: 'free' } }
  await using other = await startBinary({
    env: { AUTH_JWT_ROLES_CLAIM: 'user_roles', AUTH_JWT_ROLE_CLAIMS: JSON.stringify(byRole) },
  })
  const supabase = createClient(other.url, other.keys.publishable_key, { auth: { autoRefreshToken: false } })
  const { data } = await supabase.auth.signUp({ email: address(), password })
  const before = await supabase.auth.getClaims()
  expect(before.data?.claims).toMatchObject({ user_roles: ['user'], plan: 'free', role: 'authenticated' })
  const path = `/api/auth/admin/users/${data.user?.id}/roles/editor`
  expect((await other.ask('PUT', path, { token: other.keys.secret_key })).status).toBe(200)
  expect((await supabase.auth.refreshSession()).error).toBeNull()
  const { data: after, error } = await supabase.auth.getClaims()
  expect(error).toBeNull()
  expect(after?.claims).toMatchObject({
    user_roles: ['user', 'editor'],
    user_role: 'editor',
    permissions: ['posts.write'],
    plan: 'free',
    role: 'authenticated',
  })
})

test('token expiry configurable, and getClaims verifies ES256 locally', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = {
    ...privateKey.export({ format: 'jwk' }),
    alg: 'ES256',
    kid: 'es-1',
    key_ops: ['sign', 'verify'],
    use: 'sig',
  }
  await using other = await startBinary({
    env: { GOTRUE_JWT_KEYS: JSON.stringify([jwk]), ACCESS_TOKEN_LIFETIME: '900' },
  })
  const supabase = createClient(other.url, other.keys.publishable_key, { auth: { autoRefreshToken: false } })
  const { data } = await supabase.auth.signUp({ email: address(), password })
  expect(data.session?.expires_in).toBe(900)
  const asked = other.log.length
  const claims = await supabase.auth.getClaims()
  expect([claims.error, claims.data?.claims.sub, claims.data?.header.alg]).toEqual([null, data.user?.id, 'ES256'])
  await other.settled()
  const routes = other.log.slice(asked).map(({ route }) => route)
  expect(routes).toContain('/auth/v1/.well-known/jwks.json')
  expect(routes).not.toContain('/auth/v1/user')
})

test.each(['secret_key', 'service_role_key'] as const)('admin.* with the %s', async (name) => {
  const api = admin(server.keys[name])
  const email = address()
  const { data: created } = await api.createUser({
    email,
    password,
    email_confirm: true,
    user_metadata: { name: 'Grace' },
    app_metadata: { plan: 'gold' },
  })
  const id = created.user?.id ?? ''
  expect((await api.getUserById(id)).data.user).toMatchObject({
    email,
    app_metadata: { plan: 'gold', provider: 'email' },
  })
  const { data: list } = await api.listUsers({ page: 1, perPage: 2 })
  expect(list).toMatchObject({ aud: 'authenticated', nextPage: 2, total: expect.any(Number) })
  expect(list.users).toHaveLength(2)
  expect((await api.listUsers()).error).toBeNull()
  expect((await api.updateUserById(id, { ban_duration: '1h' })).data.user).toMatchObject({
    banned_until: expect.any(String),
  })
  expect(failure((await client().auth.signInWithPassword({ email, password })).error)[2]).toBe('user_banned')
  await api.updateUserById(id, { ban_duration: 'none' })
  const supabase = client()
  const { data: signedIn } = await supabase.auth.signInWithPassword({ email, password })
  expect((await api.signOut(signedIn.session?.access_token ?? '')).error).toBeNull()
  expect((await supabase.auth.getUser()).error?.name).toBe('AuthSessionMissingError')
  expect((await api.deleteUser(id)).error).toBeNull()
  expect(failure((await api.getUserById(id)).error)).toEqual(['AuthApiError', 404, 'user_not_found'])
})

test('mfa raises a session to aal2, and the next sign-in requires it again', async () => {
  const { supabase, email } = await signedUp()
  const { data: factor, error } = await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
  if (error || factor.type !== 'totp') throw error
  expect(factor.totp.qr_code).toStartWith('data:image/svg+xml;utf-8,<svg ')
  expect(failure((await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })).error)).toEqual([
    'AuthApiError',
    422,
    'mfa_factor_name_conflict',
  ])
  const now = Date.now()
  const wrong = codeAt(factor.totp.secret, now - 600_000)
  const { data: challenge } = await supabase.auth.mfa.challenge({ factorId: factor.id })
  const answer = { factorId: factor.id, challengeId: challenge?.id ?? '' }
  expect(failure((await supabase.auth.mfa.verify({ ...answer, code: wrong })).error)).toEqual([
    'AuthApiError',
    422,
    'mfa_verification_failed',
  ])
  const { data: raised } = await supabase.auth.mfa.verify({ ...answer, code: codeAt(factor.totp.secret, now) })
  expect(raised?.user.factors).toMatchObject([{ id: factor.id, status: 'verified' }])
  const levels = async (of: SupabaseClient) => {
    const { data } = await of.auth.mfa.getAuthenticatorAssuranceLevel()
    return [data?.currentLevel, data?.nextLevel]
  }
  expect(await levels(supabase)).toEqual(['aal2', 'aal2'])
  expect((await supabase.auth.mfa.listFactors()).data?.totp).toMatchObject([{ id: factor.id }])
  const second = client()
  await second.auth.signInWithPassword({ email, password })
  expect(await levels(second)).toEqual(['aal1', 'aal2'])
  // The code of the next step, since that of the current one is used.
  const next = { factorId: factor.id, code: codeAt(factor.totp.secret, now + 30_000) }
  expect((await second.auth.mfa.challengeAndVerify(next)).error).toBeNull()
  expect(failure((await supabase.auth.mfa.challengeAndVerify(next)).error)).toEqual([
    'AuthApiError',
    422,
    'mfa_verification_failed',
  ])
  expect((await second.auth.mfa.unenroll({ factorId: factor.id })).data).toEqual({ id: factor.id })
  await second.auth.refreshSession()
  expect(await levels(second)).toEqual(['aal1', 'aal1'])
})

test('mfa.recoveryCodes create, use, regenerate and remove a set of codes', async () => {
  const { supabase, email } = await signedUp()
  const own = createClient(server.url, server.keys.publishable_key, {
    auth: { autoRefreshToken: false, persistSession: false, experimental: { recoveryCodes: true } },
  })
  await own.auth.signInWithPassword({ email, password })
  const { recoveryCodes } = own.auth.mfa
  expect(failure((await recoveryCodes.getStatus()).error)).toEqual(['AuthApiError', 404, 'mfa_factor_not_found'])
  expect(failure((await recoveryCodes.generate()).error)).toEqual(['AuthApiError', 403, 'insufficient_aal'])
  const { data: factor } = await own.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
  const code = codeAt(factor?.totp.secret ?? '', Date.now())
  expect((await own.auth.mfa.challengeAndVerify({ factorId: factor?.id ?? '', code })).error).toBeNull()
  const { data: made } = await recoveryCodes.generate({ friendlyName: 'Backup codes' })
  expect([made?.type, made?.total, made?.codes.length]).toEqual(['recovery_code', 10, 10])
  expect((await supabase.auth.getUser()).error?.name).toBe('AuthSessionMissingError')
  await own.auth.signInWithPassword({ email, password })
  const [first = ''] = made?.codes ?? []
  const typed = first.toUpperCase().replace(/(.{4})(?=.)/g, '$1-')
  const { data: raised } = await recoveryCodes.verify({ code: typed })
  expect(raised?.user.factors?.map(({ factor_type: type }) => type).sort()).toEqual(['recovery_code', 'totp'])
  expect((await own.auth.mfa.getAuthenticatorAssuranceLevel()).data?.currentLevel).toBe('aal2')
  expect((await recoveryCodes.getStatus()).data).toMatchObject({ total: 10, remaining: 9 })
  expect(failure((await recoveryCodes.verify({ code: first })).error)).toEqual([
    'AuthApiError',
    422,
    'mfa_verification_failed',
  ])
  const { data: renewed } = await recoveryCodes.regenerate()
  expect([renewed?.id, renewed?.codes.includes(first)]).toEqual([made?.id, false])
  expect((await recoveryCodes.unenroll()).data).toEqual({ id: made?.id ?? '' })
})

test('mfa with a phone sends a code that raises the session', async () => {
  const withPhones = await startBinary({
    env: { AUTH_MFA_PHONE_ENROLL_ENABLED: 'true', AUTH_MFA_PHONE_VERIFY_ENABLED: 'true' },
  })
  await using _ = withPhones
  const { auth } = createClient(withPhones.url, withPhones.keys.publishable_key, { auth: { autoRefreshToken: false } })
  await auth.signUp({ email: address(), password })
  const { data: factor } = await auth.mfa.enroll({
    factorType: 'phone',
    phone: '+15551230001',
    friendlyName: 'sms',
  })
  const { data: challenge } = await auth.mfa.challenge({ factorId: factor?.id ?? '', channel: 'sms' })
  const { code } = await lastMessageOfKind(withPhones, '15551230001', 'mfa_challenge')
  const answer = { factorId: factor?.id ?? '', challengeId: challenge?.id ?? '' }
  const wrong = code === '000000' ? '000001' : '000000'
  expect((await auth.mfa.verify({ ...answer, code: wrong })).error?.code).toBe('mfa_verification_failed')
  expect((await auth.mfa.verify({ ...answer, code })).error).toBeNull()
  expect((await auth.mfa.listFactors()).data?.phone).toMatchObject([{ id: factor?.id, status: 'verified' }])
})

test('admin.mfa lists and deletes factors', async () => {
  const { supabase, user } = await signedUp()
  const { data } = await supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
  const { mfa } = admin()
  expect((await mfa.listFactors({ userId: user.id })).data?.factors).toMatchObject([{ id: data?.id }])
  expect((await mfa.deleteFactor({ userId: user.id, id: data?.id ?? '' })).error).toBeNull()
  expect((await mfa.listFactors({ userId: user.id })).data?.factors).toEqual([])
})

test('the admin API is closed to users and to the publishable key', async () => {
  const { session } = await signedUp()
  expect(failure((await admin(server.keys.publishable_key).listUsers()).error)).toEqual([
    'AuthApiError',
    403,
    'not_admin',
  ])
  expect(failure((await admin(session.access_token).listUsers()).error)).toEqual(['AuthApiError', 403, 'not_admin'])
})

/** Runs a command to its end. */
async function outputOf(command: string[]) {
  const child = Bun.spawn(command, { cwd: `${import.meta.dir}/../..`, stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { stdout, stderr, status: await child.exited }
}

test('the snippets of the start page sign in, also when they are run again', async () => {
  const all = snippets(server.url, server.keys.publishable_key)
  const stepsOf = (wanted: string) => all.find(({ name }) => name === wanted)?.steps ?? []
  const script = stepsOf('JavaScript').find(({ title }) => title === 'try.mjs')?.text ?? ''
  for (let run = 0; run < 2; run++) {
    const { stdout, stderr, status } = await outputOf(['node', ...NODE_FLAGS, '-e', script])
    expect([status, stdout, stderr.includes('Error')]).toEqual([0, expect.stringContaining('ada@example.com'), false])
  }
  for (const { title, text } of stepsOf('curl')) {
    const { stdout } = await outputOf(['sh', '-c', text])
    expect([title, JSON.parse(stdout)]).toMatchObject([
      title,
      title === 'Sign in' ? { user: { email: 'ada@example.com' } } : { error_code: 'user_already_exists' },
    ])
  }
})

test('signInWithWeb3 signs in with an Ethereum and a Solana wallet', async () => {
  const url = 'http://localhost:3000/login'
  const ethereum = ethereumWallet()
  const request = async ({ method, params }: { method: string; params?: unknown }) => {
    if (method === 'eth_requestAccounts') return [ethereum.address]
    if (method === 'eth_chainId') return '0x1'
    const [hex = ''] = params as string[]
    return ethereum.sign(Buffer.from(hex.slice(2), 'hex').toString())
  }
  const wallet = { address: ethereum.address, request, on() {}, removeListener() {} } as never
  const byEthereum = await client().auth.signInWithWeb3({
    chain: 'ethereum',
    wallet,
    statement: 'Hi',
    options: { url },
  })
  expect([byEthereum.error, byEthereum.data.user?.app_metadata.provider]).toEqual([null, 'web3'])

  const solana = solanaWallet()
  const signMessage = async (bytes: Uint8Array) =>
    Buffer.from(await solana.sign(Buffer.from(bytes).toString()), 'base64url')
  const publicKey = { toBase58: () => solana.address }
  const bySolana = await client().auth.signInWithWeb3({
    chain: 'solana',
    wallet: { signMessage, publicKey } as never,
    statement: 'Hi',
    options: { url },
  })
  expect([bySolana.error, bySolana.data.user?.app_metadata.provider]).toEqual([null, 'web3'])
})

test('metadata that is too large is refused when it is stored; the largest allowed works on every path', async () => {
  const { supabase, user, session } = await signedUp()
  const avatar = (length: number) => ({ data: { avatar: 'x'.repeat(length) } })
  const { error } = await supabase.auth.updateUser(avatar(12_000))
  expect(failure(error)).toEqual(['AuthApiError', 400, 'validation_failed'])
  expect(error?.message).toContain('3072 bytes')
  // `{"avatar":"","name":"Ada"}` takes 26
  expect((await supabase.auth.updateUser(avatar(3072 - 26 + 1))).error?.status).toBe(400)
  expect((await supabase.auth.updateUser(avatar(3072 - 26))).error).toBeNull()
  const roles = (count: number) => ({ app_metadata: { roles: Array.from({ length: count }, (_, n) => `role-${n}`) } })
  expect((await admin().updateUserById(user.id, roles(800))).error?.status).toBe(400)
  expect((await admin().updateUserById(user.id, roles(40))).error).toBeNull()
  const refreshed = await supabase.auth.refreshSession(session)
  expect(refreshed.error).toBeNull()
  expect(refreshed.data.session?.access_token.length).toBeLessThan(8000)
  expect((await supabase.auth.getUser()).data.user?.user_metadata.avatar).toHaveLength(3072 - 26)
  expect((await supabase.auth.signOut()).error).toBeNull()
})
