/** One order of checks for every sign-in with a password (docs/other-surfaces.md#sign-in-with-a-password). */
import { expect, test } from 'bun:test'
import type { HttpResult } from '../../src/core/kernel/ports'
import { adminUpdate } from '../support/accounts'
import { type Json, PASSWORD, passwordGrant, type Reply, startApp, type TestApp } from '../support/app'
import { outdatedHash } from '../support/fakes'
import { signIn } from '../support/federation'
import { login, mint } from '../support/native'

const EMAIL = 'ada@example.com'
const WRONG = 'wrong-password-1'

type Answer = 'session' | 'banned' | 'rejected' | 'wrong' | 'unconfirmed'

interface Surface {
  send(app: TestApp, password: string, email?: string): Promise<Reply>
  answers: Record<Exclude<Answer, 'session'>, unknown[]>
}

const bodyOf = ({ status, body }: Reply) => [status, body.code ?? body.reason ?? body.error, body.message]

const service: Surface['answers'] = {
  banned: [403, 'user_inactive', 'This account is not allowed to sign in'],
  rejected: [403, 'login_rejected', 'Not today.'],
  wrong: [401, 'invalid_credentials', 'Invalid identifier or password'],
  unconfirmed: [403, 'email_not_confirmed', 'The email address has not been confirmed yet'],
}

const SURFACES: Record<string, Surface> = {
  '/auth/v1/token': {
    send: (app, password, email = EMAIL) => passwordGrant(app, { email, password }),
    answers: {
      banned: [400, 'user_banned', 'User is banned'],
      rejected: [400, 'invalid_credentials', 'Not today.'],
      wrong: [400, 'invalid_credentials', 'Invalid login credentials'],
      unconfirmed: [400, 'email_not_confirmed', 'Email not confirmed'],
    },
  },
  '/api/auth/token': { send: (app, password, email = EMAIL) => mint(app, email, { password }), answers: service },
  '/api/auth/login': { send: (app, password, email = EMAIL) => login(app, email, { password }), answers: service },
  '/auth/v1/login': {
    send: (app, password, email = EMAIL) => signIn(app, email, { password }),
    answers: { ...service, rejected: [401, 'invalid_credentials', 'Not today.'] },
  },
}

interface Situation {
  is: Trouble[]
  answer: Answer
  /** Whether the hook gets the password as valid; undefined if it is not called. */
  isValid?: boolean
  /** If the gotrue surface answers differently: it reports a ban whatever the password. */
  onSupabase?: Answer
}

type Trouble = 'deleted' | 'banned' | 'hook refuses' | 'wrong password' | 'unconfirmed' | 'outdated hash'

/** Each case drops the first problem of the one before; the first remaining problem is the response. */
const SITUATIONS: Situation[] = [
  { is: ['deleted', 'banned', 'hook refuses', 'wrong password', 'unconfirmed', 'outdated hash'], answer: 'wrong' },
  { is: ['deleted', 'banned', 'hook refuses', 'unconfirmed', 'outdated hash'], answer: 'wrong' },
  { is: ['deleted'], answer: 'wrong' },
  {
    is: ['banned', 'hook refuses', 'wrong password', 'unconfirmed', 'outdated hash'],
    answer: 'wrong',
    onSupabase: 'banned',
  },
  { is: ['banned', 'wrong password'], answer: 'wrong', onSupabase: 'banned' },
  { is: ['banned', 'hook refuses', 'unconfirmed', 'outdated hash'], answer: 'banned' },
  { is: ['banned'], answer: 'banned' },
  { is: ['hook refuses', 'wrong password', 'unconfirmed', 'outdated hash'], answer: 'rejected', isValid: false },
  { is: ['hook refuses', 'unconfirmed', 'outdated hash'], answer: 'rejected', isValid: true },
  { is: ['hook refuses'], answer: 'rejected', isValid: true },
  { is: ['wrong password', 'unconfirmed', 'outdated hash'], answer: 'wrong', isValid: false },
  { is: ['wrong password'], answer: 'wrong', isValid: false },
  { is: ['unconfirmed', 'outdated hash'], answer: 'unconfirmed', isValid: true },
  { is: ['unconfirmed'], answer: 'unconfirmed', isValid: true },
  { is: ['outdated hash'], answer: 'session', isValid: true },
  { is: [], answer: 'session', isValid: true },
]

/** A server with a Password Verification hook. */
async function start(decision: 'continue' | 'reject' = 'continue') {
  const reports: Json[] = []
  const app = await startApp({
    settings: {
      AUTH_HOOK_PASSWORD_VERIFICATION_ATTEMPT_ENABLED: 'true',
      AUTH_HOOK_PASSWORD_VERIFICATION_ATTEMPT_URI: 'https://hooks.example.com/attempt',
      AUTH_HOOK_PASSWORD_VERIFICATION_ATTEMPT_SECRETS: 'v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=',
    },
    post: async ({ body }): Promise<HttpResult> => {
      reports.push(JSON.parse(body))
      return {
        outcome: 'answered',
        status: 200,
        contentType: 'application/json',
        retryAfter: '',
        isTooLarge: false,
        body: JSON.stringify({ decision, message: 'Not today.' }),
      }
    },
  })
  return { app, reports, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

async function createAccount(app: TestApp, is: readonly Trouble[]): Promise<string> {
  const admin = async (method: string, path: string, body: object) => {
    const reply = await app.ask(method, `/auth/v1/admin/users${path}`, { token: app.admin, body })
    expect(reply.status).toBe(200)
    return reply.body.id
  }
  const password = is.includes('outdated hash') ? { password_hash: outdatedHash(PASSWORD) } : { password: PASSWORD }
  const id = await admin('POST', '', { email: EMAIL, ...password, email_confirm: !is.includes('unconfirmed') })
  if (is.includes('banned')) await admin('PUT', `/${id}`, { ban_duration: '1h' })
  if (is.includes('deleted')) await admin('DELETE', `/${id}`, { should_soft_delete: true })
  return id
}

for (const [name, { send, answers }] of Object.entries(SURFACES))
  test.each(SITUATIONS)(`${name}: $is`, async ({ is, answer, isValid, onSupabase }) => {
    await using server = await start(is.includes('hook refuses') ? 'reject' : 'continue')
    const { app } = server
    const id = await createAccount(app, is)
    const hashOf = async () => (await app.store.findUser(id))?.encryptedPassword ?? null
    const before = await hashOf()
    const reply = await send(app, is.includes('wrong password') ? WRONG : PASSWORD)
    const expected = name === '/auth/v1/token' ? (onSupabase ?? answer) : answer
    if (expected === 'session') expect(reply.status).toBe(200)
    else expect(bodyOf(reply)).toEqual(answers[expected])
    expect(server.reports.map(({ user_id, valid }) => [user_id, valid])).toEqual(
      isValid === undefined ? [] : [[id, isValid]],
    )
    expect(app.hasher.verified).toHaveLength(1)
    const isUpgraded = expected === 'session' && is.includes('outdated hash')
    expect(await hashOf()).toBe(isUpgraded ? await app.hasher.hash(PASSWORD) : before)
  })

for (const [name, { send, answers }] of Object.entries(SURFACES)) {
  test(`${name}: an unknown account is treated as a wrong password, with the same work`, async () => {
    await using server = await start()
    const { app, reports } = server
    expect(bodyOf(await send(app, PASSWORD, 'unknown@example.com'))).toEqual(answers.wrong)
    expect([reports, app.hasher.verified.length]).toEqual([[], 1])
  })

  test(`${name}: if the hash changes meanwhile it is verified again, and a changed password is wrong`, async () => {
    await using server = await start()
    const { app } = server
    const id = await createAccount(app, ['outdated hash'])
    const replies = await Promise.all([1, 2, 3].map(() => send(app, PASSWORD)))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    const { hasher, store, clock } = app
    const verify = hasher.verify.bind(hasher)
    hasher.verify = async (password, hash) => {
      await store.updateUserAsAdmin({ ...adminUpdate(id, clock.now()), encryptedPassword: 'fake$another' })
      return verify(password, hash)
    }
    expect(bodyOf(await send(app, PASSWORD))).toEqual(answers.wrong)
  })
}
