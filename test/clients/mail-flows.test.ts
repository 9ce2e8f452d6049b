/** Unmodified supabase-js with mails and SMS, against the compiled executable and its built-in mailbox. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type AuthError, createClient, type SupabaseClient } from '@supabase/supabase-js'
import { type Binary, startBinary } from '../support/binary'
import { binaryMailboxOf, lastMessageOfKind, openLink } from '../support/binary-mailbox'
import { execute } from '../support/database'

const SITE = 'http://localhost:3000'
const password = 'correct-horse-battery-9'
const newPassword = 'staple-battery-horse-7'
const env = {
  AUTH_MAILER_AUTOCONFIRM: 'false',
  AUTH_EXTERNAL_PHONE_ENABLED: 'true',
  AUTH_URI_ALLOW_LIST: 'https://app.example.com/**',
}
/** Settings that let a test request messages twice. */
const atOnce = { AUTH_SMTP_MAX_FREQUENCY: '0s', AUTH_SMS_MAX_FREQUENCY: '0s' }

let server: Binary
let serial = 0
const address = () => `user-${++serial}@example.com`
const number = () => `1555000${String(++serial).padStart(4, '0')}`

interface ClientOptions {
  flowType?: 'implicit' | 'pkce'
  at?: Binary
}

/** A client like in a browser, with a session and verifier of its own in memory. */
function client({ flowType = 'implicit', at = server }: ClientOptions = {}): SupabaseClient {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
  return createClient(at.url, at.keys.publishable_key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, flowType, storage },
  })
}

const admin = () =>
  createClient(server.url, server.keys.secret_key, { auth: { autoRefreshToken: false, persistSession: false } }).auth
    .admin

/** Throws the error that supabase-js returns. */
async function ok<Answer extends { data: unknown; error: AuthError | null }>(
  answer: Promise<Answer>,
): Promise<Exclude<Answer, { error: AuthError }>['data']> {
  const { data, error } = await answer
  if (error) throw error
  return data
}

async function failure(answer: Promise<{ error: AuthError | null }>) {
  const { error } = await answer
  return [error?.status, error?.code]
}

const addressOf = async (supabase: SupabaseClient) => (await ok(supabase.auth.getUser())).user?.email
const signIn = (email: string, secret = password) =>
  client().auth.signInWithPassword({ email, password: secret }) as Promise<{ data: unknown; error: AuthError | null }>

/** A signed-in user with a confirmed address. */
async function member() {
  const email = address()
  const supabase = client()
  await ok(admin().createUser({ email, password, email_confirm: true }))
  await ok(supabase.auth.signInWithPassword({ email, password }))
  return { email, supabase }
}

/** Uses the session in the fragment of a redirect, as a page of the application does. */
async function enter(supabase: SupabaseClient, { hash }: URL) {
  const values = new URLSearchParams(hash.slice(1))
  const tokens = {
    access_token: values.get('access_token') ?? '',
    refresh_token: values.get('refresh_token') ?? '',
  }
  await ok(supabase.auth.setSession(tokens))
  return values
}

beforeAll(async () => {
  server = await startBinary({ env: { ...env, ...atOnce } })
})
afterAll(() => server[Symbol.asyncDispose]())

test('a sign-up is confirmed by its code, which works once', async () => {
  const email = address()
  const supabase = client()
  const data = await ok(supabase.auth.signUp({ email, password, options: { data: { name: 'Ada' } } }))
  expect([data.session, data.user?.email_confirmed_at, data.user?.identities?.length]).toEqual([null, undefined, 1])
  expect(await failure(signIn(email))).toEqual([400, 'email_not_confirmed'])

  const { code } = await lastMessageOfKind(server, email, 'confirmation')
  const wrong = code === '000000' ? '111111' : '000000'
  expect(await failure(supabase.auth.verifyOtp({ email, token: wrong, type: 'email' }))).toEqual([403, 'otp_expired'])
  const { user, session } = await ok(supabase.auth.verifyOtp({ email, token: code, type: 'email' }))
  expect([user?.email, user?.email_confirmed_at, session?.token_type]).toEqual([email, expect.any(String), 'bearer'])
  expect(await addressOf(supabase)).toBe(email)
  expect((await signIn(email)).error).toBeNull()
  expect(await failure(client().auth.verifyOtp({ email, token: code, type: 'email' }))).toEqual([403, 'otp_expired'])
})

test('a sign-up is confirmed by the token of its link, which works once', async () => {
  const email = address()
  await ok(client().auth.signUp({ email, password }))
  const { token, code } = await lastMessageOfKind(server, email, 'confirmation')
  const elsewhere = client()
  await ok(elsewhere.auth.verifyOtp({ token_hash: token, type: 'email' }))
  expect(await addressOf(elsewhere)).toBe(email)
  expect(await failure(client().auth.verifyOtp({ token_hash: token, type: 'email' }))).toEqual([403, 'otp_expired'])
  expect(await failure(client().auth.verifyOtp({ email, token: code, type: 'email' }))).toEqual([403, 'otp_expired'])
})

test('a sign-up is confirmed by its link, which redirects to the requested target', async () => {
  const email = address()
  const emailRedirectTo = 'https://app.example.com/welcome?from=mail'
  await ok(client().auth.signUp({ email, password, options: { emailRedirectTo } }))
  const target = await openLink((await lastMessageOfKind(server, email, 'confirmation')).link)
  expect(target.href.split('#')[0]).toBe(emailRedirectTo)
  const supabase = client()
  expect((await enter(supabase, target)).get('type')).toBe('signup')
  expect(await addressOf(supabase)).toBe(email)
})

test('a sign-up with a registered address looks like any other; its owner gets a mail, and the account is unchanged', async () => {
  const { email } = await member()
  const taken = await ok(client().auth.signUp({ email, password: newPassword, options: { data: { name: 'Eve' } } }))
  const fresh = await ok(
    client().auth.signUp({ email: address(), password: newPassword, options: { data: { name: 'Eve' } } }),
  )
  expect([taken.session, taken.user?.identities]).toEqual([null, []])
  expect(Object.keys(taken.user ?? {}).sort()).toEqual(Object.keys(fresh.user ?? {}).sort())
  expect(taken.user).toMatchObject({ email, user_metadata: { name: 'Eve' } })
  const notice = await lastMessageOfKind(server, email, 'account_exists')
  expect([notice.code, notice.text]).toEqual(['', expect.stringContaining(email)])

  await ok(client().auth.signUp({ email, password: newPassword }))
  expect((await binaryMailboxOf(server, email)).map(({ kind }) => kind)).toEqual(['account_exists'])
  expect(await failure(signIn(email, newPassword))).toEqual([400, 'invalid_credentials'])
  expect((await signIn(email)).error).toBeNull()
})

test('signInWithOtp: a code signs in an existing user, or creates an account', async () => {
  const { email } = await member()
  const supabase = client()
  await ok(supabase.auth.signInWithOtp({ email }))
  const { code } = await lastMessageOfKind(server, email, 'magic_link')
  await ok(supabase.auth.verifyOtp({ email, token: code, type: 'email' }))
  expect(await addressOf(supabase)).toBe(email)

  const newcomer = address()
  const first = client()
  await ok(first.auth.signInWithOtp({ email: newcomer, options: { data: { theme: 'dark' } } }))
  const mail = await lastMessageOfKind(server, newcomer, 'confirmation')
  const { user } = await ok(first.auth.verifyOtp({ email: newcomer, token: mail.code, type: 'email' }))
  expect(user).toMatchObject({ email: newcomer, user_metadata: { theme: 'dark' } })

  const unknown = address()
  expect(await failure(client().auth.signInWithOtp({ email: unknown, options: { shouldCreateUser: false } }))).toEqual([
    422,
    'otp_disabled',
  ])
  expect(await binaryMailboxOf(server, unknown)).toEqual([])
})

test('signInWithOtp: the link signs in, and consumes the code in the same mail', async () => {
  const { email } = await member()
  await ok(client().auth.signInWithOtp({ email }))
  const { link, code } = await lastMessageOfKind(server, email, 'magic_link')
  const supabase = client()
  const target = await openLink(link)
  expect([target.origin, (await enter(supabase, target)).get('type')]).toEqual([SITE, 'magiclink'])
  expect(await addressOf(supabase)).toBe(email)
  expect(await failure(client().auth.verifyOtp({ email, token: code, type: 'email' }))).toEqual([403, 'otp_expired'])
  const again = new URLSearchParams((await openLink(link)).hash.slice(1))
  expect([again.get('error_code'), again.get('access_token')]).toEqual(['otp_expired', null])
})

test.each(['link', 'code'] as const)('a forgotten password is replaced with the %s of a mail', async (way) => {
  const { email, supabase: before } = await member()
  await ok(client().auth.resetPasswordForEmail(email))
  const { link, code } = await lastMessageOfKind(server, email, 'recovery')
  const supabase = client()
  const events: string[] = []
  supabase.auth.onAuthStateChange((event) => void events.push(event))
  if (way === 'link') expect((await enter(supabase, await openLink(link))).get('type')).toBe('recovery')
  else {
    await ok(supabase.auth.verifyOtp({ email, token: code, type: 'recovery' }))
    expect(events).toContain('PASSWORD_RECOVERY')
  }
  await ok(supabase.auth.updateUser({ password: newPassword }))
  expect((await signIn(email, newPassword)).error).toBeNull()
  expect(await failure(signIn(email))).toEqual([400, 'invalid_credentials'])
  expect((await before.auth.getUser()).error?.name).toBe('AuthSessionMissingError')
})

test('resetPasswordForEmail gives the same response for an unknown address, and mails nothing', async () => {
  const { email } = await member()
  const unknown = address()
  const answers = await Promise.all([email, unknown].map((each) => client().auth.resetPasswordForEmail(each)))
  expect(answers).toEqual([
    { data: {}, error: null },
    { data: {}, error: null },
  ])
  expect(await binaryMailboxOf(server, unknown)).toEqual([])
})

test('a new address takes effect once it is confirmed from both the old and the new one', async () => {
  const { email, supabase } = await member()
  const next = address()
  const { user } = await ok(supabase.auth.updateUser({ email: next }))
  expect([user.email, user.new_email]).toEqual([email, next])
  const [old, fresh] = [
    await lastMessageOfKind(server, email, 'email_change'),
    await lastMessageOfKind(server, next, 'email_change'),
  ]
  expect(old.code).not.toBe(fresh.code)

  const half = await openLink(old.link)
  expect(new URLSearchParams(half.hash.slice(1)).get('message')).toStartWith('Confirmation link accepted')
  expect(await addressOf(supabase)).toBe(email)
  expect(await failure(signIn(next))).toEqual([400, 'invalid_credentials'])

  const { session } = await ok(supabase.auth.verifyOtp({ email: next, token: fresh.code, type: 'email_change' }))
  expect([session?.user.email, session?.user.new_email]).toEqual([next, undefined])
  expect((await signIn(next)).error).toBeNull()
  expect(await failure(signIn(email))).toEqual([400, 'invalid_credentials'])
})

test('an invited user signs in by the link of the mail and sets a password', async () => {
  const email = address()
  const { user } = await ok(admin().inviteUserByEmail(email, { data: { team: 'blue' } }))
  expect(user).toMatchObject({ email, invited_at: expect.any(String), user_metadata: { team: 'blue' } })
  const { token } = await lastMessageOfKind(server, email, 'invite')
  const supabase = client()
  await ok(supabase.auth.verifyOtp({ token_hash: token, type: 'invite' }))
  await ok(supabase.auth.updateUser({ password }))
  expect((await signIn(email)).error).toBeNull()
  expect(await failure(admin().inviteUserByEmail(email))).toEqual([422, 'email_exists'])
})

test.each(['signup', 'invite', 'magiclink', 'recovery'] as const)(
  'generateLink %s: the token and the code work, and no mail is sent',
  async (type) => {
    const make = async (email: string) =>
      (await ok(
        admin().generateLink(
          type === 'signup'
            ? { type, email, password, options: { data: { plan: 'gold' } } }
            : { type, email, options: { redirectTo: 'https://app.example.com/in' } },
        ),
      )) as { properties: Record<string, string>; user: { id: string } }
    const known = async () => (type === 'signup' || type === 'invite' ? address() : (await member()).email)

    const byToken = await known()
    const { properties, user } = await make(byToken)
    expect(properties.verification_type).toBe(type)
    const supabase = client()
    const verified = await ok(
      supabase.auth.verifyOtp({ token_hash: properties.hashed_token ?? '', type: type as 'signup' }),
    )
    expect([verified.user?.id, await addressOf(supabase)]).toEqual([user.id, byToken])

    const byCode = await known()
    const { properties: made } = await make(byCode)
    await ok(client().auth.verifyOtp({ email: byCode, token: made.email_otp ?? '', type: 'email' }))

    const byLink = await known()
    const link = (await make(byLink)).properties.action_link ?? ''
    const target = await openLink(link)
    expect(target.href.split('#')[0]).toBe(type === 'signup' ? `${SITE}/` : 'https://app.example.com/in')
    const visitor = client()
    await enter(visitor, target)
    expect(await addressOf(visitor)).toBe(byLink)
    for (const email of [byToken, byCode, byLink]) expect(await binaryMailboxOf(server, email)).toEqual([])
  },
)

test('generateLink creates both links of a change of address, and neither is mailed', async () => {
  const { email, supabase } = await member()
  const newEmail = address()
  const tokens: string[] = []
  for (const type of ['email_change_current', 'email_change_new'] as const) {
    const { properties } = await ok(admin().generateLink({ type, email, newEmail }))
    expect(properties?.verification_type).toBe(type)
    tokens.push(properties?.hashed_token ?? '')
  }
  for (const [index, token_hash] of tokens.entries()) {
    expect(await addressOf(supabase)).toBe(email)
    const { session } = await ok(supabase.auth.verifyOtp({ token_hash, type: 'email_change' }))
    expect(session?.user.email).toBe(index === 0 ? undefined : newEmail)
  }
  expect(await addressOf(supabase)).toBe(newEmail)
  expect([await binaryMailboxOf(server, email), await binaryMailboxOf(server, newEmail)]).toEqual([[], []])
})

test('resend repeats the mails of a sign-up and a change of address, and earlier codes are invalid', async () => {
  const email = address()
  const supabase = client()
  await ok(supabase.auth.signUp({ email, password }))
  const first = await lastMessageOfKind(server, email, 'confirmation')
  await ok(supabase.auth.resend({ type: 'signup', email }))
  const second = await lastMessageOfKind(server, email, 'confirmation')
  expect(await failure(supabase.auth.verifyOtp({ token_hash: first.token, type: 'email' }))).toEqual([
    403,
    'otp_expired',
  ])
  await ok(supabase.auth.verifyOtp({ email, token: second.code, type: 'email' }))

  const next = address()
  await ok(supabase.auth.updateUser({ email: next }))
  await ok(supabase.auth.resend({ type: 'email_change', email }))
  const kinds = async (to: string) => (await binaryMailboxOf(server, to)).map(({ kind }) => kind)
  expect(await kinds(next)).toEqual(['email_change', 'email_change'])
  const { code } = await lastMessageOfKind(server, next, 'email_change')
  await ok(supabase.auth.verifyOtp({ email: next, token: code, type: 'email_change' }))
  await ok(
    supabase.auth.verifyOtp({
      email,
      token: (await lastMessageOfKind(server, email, 'email_change')).code,
      type: 'email_change',
    }),
  )
  expect(await addressOf(supabase)).toBe(next)
})

test('a second request within a minute is refused with the seconds to wait', async () => {
  await using strict = await startBinary({ env })
  const email = address()
  const supabase = client({ at: strict })
  await ok(supabase.auth.signUp({ email, password }))
  const { error } = await supabase.auth.resend({ type: 'signup', email })
  expect([error?.status, error?.code]).toEqual([429, 'over_email_send_rate_limit'])
  expect(error?.message).toMatch(/after [1-9]\d? seconds/)
  expect(await binaryMailboxOf(strict, email)).toHaveLength(1)
})

test('a password change in an old session requires the code of reauthenticate', async () => {
  await using strict = await startBinary({
    env: { ...env, AUTH_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true' },
  })
  const email = address()
  const supabase = client({ at: strict })
  await ok(supabase.auth.signUp({ email, password }))
  const { code } = await lastMessageOfKind(strict, email, 'confirmation')
  await ok(supabase.auth.verifyOtp({ email, token: code, type: 'email' }))
  await execute(strict.database, 'UPDATE sessions SET created_at = created_at - 2 * 86400000')

  const change = (nonce?: string) => supabase.auth.updateUser({ password: newPassword, ...(nonce && { nonce }) })
  expect(await failure(change())).toEqual([400, 'reauthentication_needed'])
  await ok(supabase.auth.reauthenticate())
  const mail = await lastMessageOfKind(strict, email, 'reauthentication')
  expect([mail.code, mail.links]).toEqual([expect.stringMatching(/^\d{6}$/), []])
  expect(await failure(change(mail.code === '000000' ? '111111' : '000000'))).toEqual([
    422,
    'reauthentication_not_valid',
  ])
  await ok(change(mail.code))
  await ok(client({ at: strict }).auth.signInWithPassword({ email, password: newPassword }))
})

test('a phone user signs in by the code of an SMS, and changes the number by another', async () => {
  const phone = number()
  const supabase = client()
  await ok(supabase.auth.signInWithOtp({ phone: `+${phone}` }))
  const { code, channel, text } = await lastMessageOfKind(server, phone, 'phone_confirmation')
  expect([channel, text]).toEqual(['sms', `Your code is ${code}`])
  const { user } = await ok(supabase.auth.verifyOtp({ phone: `+${phone}`, token: code, type: 'sms' }))
  expect(user).toMatchObject({ phone, phone_confirmed_at: expect.any(String) })
  expect(await failure(client().auth.verifyOtp({ phone, token: code, type: 'sms' }))).toEqual([403, 'otp_expired'])

  const next = number()
  await ok(supabase.auth.updateUser({ phone: next }))
  const first = await lastMessageOfKind(server, next, 'phone_change')
  await ok(supabase.auth.resend({ type: 'phone_change', phone }))
  const second = await lastMessageOfKind(server, next, 'phone_change')
  expect(second.id).not.toBe(first.id)
  await ok(supabase.auth.verifyOtp({ phone: next, token: second.code, type: 'phone_change' }))
  expect((await ok(supabase.auth.getUser())).user?.phone).toBe(next)
})

test('a sign-up by phone and password is confirmed by SMS, which resend repeats', async () => {
  const phone = number()
  const supabase = client()
  expect((await ok(supabase.auth.signUp({ phone, password }))).session).toBeNull()
  await ok(supabase.auth.resend({ type: 'sms', phone }))
  expect(await binaryMailboxOf(server, phone)).toHaveLength(2)
  const { code } = await lastMessageOfKind(server, phone, 'phone_confirmation')
  await ok(supabase.auth.verifyOtp({ phone, token: code, type: 'sms' }))
  await ok(client().auth.signInWithPassword({ phone, password }))
})

/** Opens the link of the newest mail. @returns the code in its redirect */
async function codeOf(email: string, kind: string): Promise<{ code: string; target: URL }> {
  const target = await openLink((await lastMessageOfKind(server, email, kind)).link)
  expect(target.hash).toBe('')
  return { code: target.searchParams.get('code') ?? '', target }
}

test('PKCE: the link of a sign-up redirects with a code, which the client that started exchanges once', async () => {
  const email = address()
  const supabase = client({ flowType: 'pkce' })
  const emailRedirectTo = 'https://app.example.com/callback?next=%2Fhome'
  await ok(supabase.auth.signUp({ email, password, options: { emailRedirectTo } }))
  const { code, target } = await codeOf(email, 'confirmation')
  expect([target.origin, target.pathname, target.searchParams.get('next')]).toEqual([
    'https://app.example.com',
    '/callback',
    '/home',
  ])
  const { session } = await ok(supabase.auth.exchangeCodeForSession(code))
  expect([session.user.email, await addressOf(supabase)]).toEqual([email, email])
  const again = await server.ask('POST', '/auth/v1/token?grant_type=pkce', {
    body: { auth_code: code, code_verifier: 'x'.repeat(56) },
  })
  expect([again.status, again.body.code]).toEqual([404, 'flow_state_not_found'])
})

test('PKCE: a magic link signs in only the client that requested it', async () => {
  const { email } = await member()
  const [supabase, other] = [client({ flowType: 'pkce' }), client({ flowType: 'pkce' })]
  await ok(supabase.auth.signInWithOtp({ email }))
  await ok(other.auth.signInWithOtp({ email: address() }))
  const { code } = await codeOf(email, 'magic_link')
  expect(await failure(other.auth.exchangeCodeForSession(code))).toEqual([400, 'bad_code_verifier'])
  await ok(supabase.auth.exchangeCodeForSession(code))
  expect(await addressOf(supabase)).toBe(email)
})

test('PKCE: a recovery is announced as one, and the new password works', async () => {
  const { email } = await member()
  const supabase = client({ flowType: 'pkce' })
  const events: string[] = []
  supabase.auth.onAuthStateChange((event) => void events.push(event))
  await ok(supabase.auth.resetPasswordForEmail(email))
  const { code } = await codeOf(email, 'recovery')
  const data = (await ok(supabase.auth.exchangeCodeForSession(code))) as { redirectType?: string }
  expect([data.redirectType, events.at(-1)]).toEqual(['recovery', 'PASSWORD_RECOVERY'])
  await ok(supabase.auth.updateUser({ password: newPassword }))
  expect((await signIn(email, newPassword)).error).toBeNull()
})

test('PKCE: a change of address ends in a code once both sides have confirmed', async () => {
  const email = address()
  await ok(admin().createUser({ email, password, email_confirm: true }))
  const supabase = client({ flowType: 'pkce' })
  await ok(supabase.auth.signInWithPassword({ email, password }))
  const next = address()
  await ok(supabase.auth.updateUser({ email: next }))
  const half = await openLink((await lastMessageOfKind(server, email, 'email_change')).link)
  expect(half.searchParams.get('message')).toStartWith('Confirmation link accepted')
  const { code } = await codeOf(next, 'email_change')
  await ok(supabase.auth.exchangeCodeForSession(code))
  expect(await addressOf(supabase)).toBe(next)
})
