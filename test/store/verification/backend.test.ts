/** Verification tokens (docs/other-surfaces.md#verification-tokens), on every backend. */
import { describe, expect, test } from 'bun:test'
import { systemRandom } from '../../../src/adapters/system'
import { policyOf } from '../../../src/compose/policy'
import { load } from '../../../src/config/load'
import { type Deps, withClient } from '../../../src/core/kernel/context'
import type { Random } from '../../../src/core/kernel/ports'
import { rateLimits } from '../../../src/core/kernel/rate-limits'
import { Refusal } from '../../../src/core/kernel/refusal'
import { sweep } from '../../../src/core/operations/sweep'
import { newSession } from '../../../src/core/sessions/issue-tokens'
import {
  findToken,
  findTokenByCode,
  type MintedToken,
  mintToken,
  type TokenRequest,
} from '../../../src/core/tokens/verification-token'
import { contactIdentity, newUser } from '../../../src/core/users/users'
import { HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { openStore, type TokenUse, type User, type VerificationKind, type VerificationToken } from '../../../src/store'
import { readRows, storedBytes } from '../../support/database'
import { eachEngine, newDatabase, type TestDatabase } from '../../support/engines'
import { taskContext, testClock } from '../../support/fakes'

type Backend = 'database' | 'memory'
const PEPPER = Buffer.from('a pepper of at least thirty-two bytes')

interface StartOptions {
  backend: Backend
  peppers?: [Buffer, ...Buffer[]]
  random?: Partial<Random>
  /** Of an earlier start. */
  database?: TestDatabase
  now?: string
}

type Asked = Partial<TokenRequest> & { kind: VerificationKind }

async function start({
  backend,
  peppers = [PEPPER],
  random,
  database: given,
  now = '2026-01-01T00:00:00Z',
}: StartOptions) {
  const database = given ?? (await newDatabase())
  const clock = testClock(now)
  const policy = policyOf(load({ set: { AUTH_RATE_LIMITS: 'off' } }).settings)
  // Operations can be run again from the start: each test shows it.
  const store = await openStore(database.target, clock.now(), { verification: backend, runsWritesTwice: true })
  const sealer = { keyId: '', seal: (plain: Uint8Array) => Buffer.from(plain).toString('hex') }
  const deps = {
    store,
    clock,
    policy,
    peppers,
    sealer,
    random: { ...systemRandom, ...random },
    limits: rateLimits(policy, clock),
  } as unknown as Deps

  return {
    deps,
    store,
    clock,
    path: database.target,
    /** Spends a token on a change of its user. @param email the new address; without it, a change of nothing else */
    async change(id: string, tokenUse: TokenUse, email?: string) {
      if (email === undefined) {
        // Unlike a change of the user, this leaves their other tokens valid.
        const { outcome } = await this.signUp(null, tokenUse)
        return { outcome: outcome === 'registered' ? 'changed' : outcome }
      }
      return store.confirmEmailChange({
        id,
        now: clock.now(),
        tokenUse,
        email,
        identity: contactIdentity(taskContext(deps), id, 'email', { email }),
        encryptedPassword: undefined,
        result: undefined,
        messages: [],
        audit: [],
      })
    },
    async user(email: string): Promise<User> {
      const row = newUser(taskContext(deps), { id: systemRandom.uuid(), email })
      const made = await store.createUser({ user: row, identities: [], audit: [] })
      if (made.outcome !== 'created') throw new Error(made.outcome)
      return made.account.user
    },
    /** Issues and stores a token. */
    async mint(asked: Asked, user?: User): Promise<MintedToken> {
      const to = { email: user?.email ?? 'ada@example.com' }
      const minted = mintToken(taskContext(deps), { family: 'service', to, ...(user && { userId: user.id }), ...asked })
      await store.saveTokensAndMessages({ now: clock.now(), mint: [minted.minting], audit: [] })
      return minted
    },
    identify: (plaintext: string, kind: VerificationKind, family: TokenRequest['family'] = 'service') =>
      findToken(taskContext(deps), { plaintext, family, kinds: [kind] }),
    /** Consumes a token of a user. @throws {Refusal} with one of the four reasons */
    async consume(plaintext: string, kind: VerificationKind, family?: TokenRequest['family']) {
      const { token, tokenUse } = await this.identify(plaintext, kind, family)
      const { outcome } = await this.change(token.userId ?? '', tokenUse)
      if (outcome !== 'changed') throw new Refusal(outcome as 'token_used')
      return token
    },
    signUp(email: string | null, tokenUse: TokenUse) {
      const id = systemRandom.uuid()
      const client = { ip: '203.0.113.7', userAgent: undefined, languages: [] }
      const session = newSession(withClient(taskContext(deps), client), id, 'otp').row
      const user = newUser(taskContext(deps), { id, email })
      return store.registerUserWithToken({ user, identities: [], session, tokenUse, audit: [] })
    },
    bytes: () => storedBytes(database.target),
    rows: () => readRows(database.target, 'SELECT * FROM verification_tokens'),
    async [Symbol.asyncDispose]() {
      await store.close()
      if (given === undefined) await database[Symbol.asyncDispose]()
    },
  }
}

/** The reason of a refusal. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

/** Submits a short code for a change of a user. @returns the outcome */
async function showCode(
  tokens: Awaited<ReturnType<typeof start>>,
  userId: string,
  shown: Parameters<typeof findTokenByCode>[1],
): Promise<string> {
  try {
    const { tokenUse } = await findTokenByCode(taskContext(tokens.deps), shown)
    return (await tokens.change(userId, tokenUse)).outcome
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'code_wrong') return 'token_unknown'
    throw error
  }
}

const countOf = (reasons: string[], wanted: string) => reasons.filter((reason) => reason === wanted).length

eachEngine((engine) => {
  // Tokens in memory are those of one process.
  const backends: Backend[] = engine === 'sqlite' ? ['database', 'memory'] : ['database']

  describe.each(backends)('%s backend', (backend) => {
    const titled = (title: string) => `${title} [${backend}]`

    test(titled('mint and consume round trip'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const { plaintext, minting } = await tokens.mint({ kind: 'password_reset' }, ada)
      expect(plaintext).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(Buffer.from(plaintext, 'base64url')).toHaveLength(32)
      expect(minting.token.id).toMatch(/^vt_[A-Za-z0-9_-]{27}$/)
      const consumed = await tokens.consume(plaintext, 'password_reset')
      expect(consumed).toEqual({
        id: minting.token.id,
        kind: 'password_reset',
        family: 'service',
        email: 'ada@example.com',
        phone: null,
        userId: ada.id,
        payload: null,
        tokenHash: new Bun.CryptoHasher('sha256', PEPPER).update(plaintext).digest('hex'),
        tokenPrefix: plaintext.slice(0, 8),
        codeHash: null,
        codeAttempts: 0,
        flowStateId: null,
        createdAt: tokens.clock.now(),
        expiresAt: tokens.clock.now() + 30 * MINUTE,
        consumedAt: null,
      } satisfies VerificationToken)
    })

    test(titled('consume is single use'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, await tokens.user('ada@example.com'))
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('none')
      for (let attempt = 0; attempt < 3; attempt++)
        expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('token_used')
    })

    test(titled('cross kind replay rejected'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const kinds = ['password_reset', 'magic_link', 'email_change', 'signup', 'reauthentication'] as const
      const minted = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await tokens.mint({ kind }, ada)) })))
      for (const { kind, plaintext } of minted)
        for (const other of kinds.filter((each) => each !== kind))
          expect(await refusalOf(tokens.consume(plaintext, other))).toBe('token_kind_mismatch')
      // none of which has consumed the token
      for (const { kind, plaintext } of minted) expect(await refusalOf(tokens.consume(plaintext, kind))).toBe('none')
    })

    test(titled('unknown token returns not found'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, await tokens.user('ada@example.com'))
      const unknownTokens = [
        ...['', 'x', 'pkce_', `${plaintext}x`, `${plaintext}=`, plaintext.slice(0, 8), plaintext.slice(0, -1)],
        ...[plaintext.slice(1), plaintext.toUpperCase(), ` ${plaintext}`, `${plaintext}\0`],
        ...["' OR 1=1 --", 'x'.repeat(100_000), '\ud800', systemRandom.bytes(32).toString('base64url')],
      ]
      for (const unknown of unknownTokens)
        expect(await refusalOf(tokens.consume(unknown, 'magic_link'))).toBe('token_unknown')
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('none')
    })

    test(titled('email lowercased at mint'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link', to: { email: 'Ada.LOVELACE@Example.COM' } })
      expect((await tokens.identify(plaintext, 'magic_link')).token.email).toBe('ada.lovelace@example.com')
      expect(await tokens.store.pendingTokens({ email: 'ada.lovelace@example.com' })).toHaveLength(1)
    })

    test(titled('payload round trips'), async () => {
      await using tokens = await start({ backend })
      const payloads = [
        'ada@lovelace.example',
        '',
        '{"a":[1,null]}',
        'ünï "cödé" \\ \' \u{1f511}',
        // Text of Postgres cannot contain it, and no address does.
        ...(engine === 'sqlite' ? ['\u0000'] : []),
        'x'.repeat(9999),
      ]
      for (const payload of payloads) {
        const { plaintext } = await tokens.mint({ kind: 'email_change', payload })
        expect((await tokens.identify(plaintext, 'email_change')).token.payload).toBe(payload)
      }
      const { plaintext } = await tokens.mint({ kind: 'email_change' })
      expect((await tokens.identify(plaintext, 'email_change')).token.payload).toBeNull()
    })

    test(titled('expired token rejected'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const lifetimes = { password_reset: 30 * MINUTE, magic_link: 15 * MINUTE, email_change: 24 * HOUR, signup: HOUR }
      for (const [kind, lifetimeMs] of Object.entries(lifetimes) as [VerificationKind, number][]) {
        const early = await tokens.mint({ kind }, ada)
        tokens.clock.advance(lifetimeMs - 1)
        expect(await refusalOf(tokens.consume(early.plaintext, kind))).toBe('none')
        const late = await tokens.mint({ kind }, ada)
        tokens.clock.advance(lifetimeMs)
        expect(await refusalOf(tokens.consume(late.plaintext, kind))).toBe('token_expired')
      }
    })

    test(titled('concurrent consumes: exactly one wins'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, await tokens.user('ada@example.com'))
      const reasons = await Promise.all(
        Array.from({ length: 100 }, () => refusalOf(tokens.consume(plaintext, 'magic_link'))),
      )
      expect(countOf(reasons, 'none')).toBe(1)
      expect(countOf(reasons, 'token_used')).toBe(99)
    })

    test(titled('purge keeps live tokens'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const grace = await tokens.user('grace@example.com')
      const short = await tokens.mint({ kind: 'magic_link' }, ada)
      const used = await tokens.mint({ kind: 'magic_link' }, grace)
      await tokens.consume(used.plaintext, 'magic_link')
      tokens.clock.advance(24 * HOUR)
      const live = await tokens.mint({ kind: 'email_change' }, ada)
      // expired tokens are kept for 24 h, so that they can be reported as expired
      tokens.clock.advance(15 * MINUTE)
      expect((await sweep(taskContext(tokens.deps))).verificationTokens).toBe(0)
      expect(await refusalOf(tokens.consume(short.plaintext, 'magic_link'))).toBe('token_expired')
      expect(await refusalOf(tokens.consume(used.plaintext, 'magic_link'))).toBe('token_used')
      tokens.clock.advance(1)
      expect((await sweep(taskContext(tokens.deps))).verificationTokens).toBe(2)
      expect(await refusalOf(tokens.consume(short.plaintext, 'magic_link'))).toBe('token_unknown')
      expect(await refusalOf(tokens.consume(used.plaintext, 'magic_link'))).toBe('token_unknown')
      expect(await refusalOf(tokens.consume(live.plaintext, 'email_change'))).toBe('none')
    })

    test(titled('the database holds no plaintext'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const minted = await Promise.all(
        (['password_reset', 'email_change', 'signup', 'reauthentication'] as const).map((kind) =>
          tokens.mint({ kind, code: 'random', payload: 'proposed@example.com' }, ada),
        ),
      )
      await tokens.consume(minted[0]?.plaintext ?? '', 'password_reset')
      const bytes = await tokens.bytes()
      expect(bytes.includes('ada@example.com')).toBe(true) // it is the right file that is searched
      for (const { plaintext, code, minting } of minted) {
        expect(code).toMatch(/^\d{6}$/)
        const secret = Buffer.from(plaintext, 'base64url')
        for (const shape of [plaintext, plaintext.slice(8), secret, secret.toString('hex'), secret.toString('base64')])
          expect(bytes.includes(shape)).toBe(false)
        const isStored = bytes.includes(minting.token.tokenHash)
        expect(isStored).toBe(backend === 'database')
      }
      // A code is too short to search for, but no column contains one.
      const rows = await tokens.rows()
      expect(rows).toHaveLength(backend === 'database' ? 4 : 0)
      const values = rows.flatMap((row) => Object.values(row as object))
      for (const { code } of minted) expect(values.map(String)).not.toContain(code)
      expect(bytes.includes(PEPPER)).toBe(false)
    })

    test(titled('purging covers more tokens than one step'), async () => {
      await using tokens = await start({ backend })
      const minting = Array.from(
        { length: 1200 },
        (_, index) =>
          mintToken(taskContext(tokens.deps), {
            kind: 'magic_link',
            family: 'service',
            to: { email: `user-${index}@example.com` },
          }).minting,
      )
      await tokens.store.saveTokensAndMessages({ now: tokens.clock.now(), mint: minting, audit: [] })
      tokens.clock.advance(25 * HOUR)
      expect((await sweep(taskContext(tokens.deps))).verificationTokens).toBe(1200)
      expect((await sweep(taskContext(tokens.deps))).verificationTokens).toBe(0)
    }, 60_000)

    test(titled('errors take precedence in order: another kind, used, expired'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, ada)
      const unused = await tokens.mint({ kind: 'password_reset' }, ada)
      await tokens.consume(plaintext, 'magic_link')
      tokens.clock.advance(HOUR)
      expect(await refusalOf(tokens.consume(plaintext, 'password_reset'))).toBe('token_kind_mismatch')
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('token_used')
      expect(await refusalOf(tokens.consume(unused.plaintext, 'magic_link'))).toBe('token_kind_mismatch')
      expect(await refusalOf(tokens.consume(unused.plaintext, 'password_reset'))).toBe('token_expired')
    })

    test(titled('the operation that consumes a token checks it again'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, ada)
      const { tokenUse } = await tokens.identify(plaintext, 'magic_link')
      tokens.clock.advance(15 * MINUTE) // between the look and the act
      expect((await tokens.change(ada.id, tokenUse)).outcome).toBe('token_expired')
      expect((await tokens.change(ada.id, { id: 'vt_none' })).outcome).toBe('token_unknown')
    })

    test(titled('a refused change has no effect and leaves its token usable'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      await tokens.user('grace@example.com')
      const { plaintext } = await tokens.mint({ kind: 'email_change' }, ada)
      const { tokenUse } = await tokens.identify(plaintext, 'email_change')
      expect((await tokens.change(ada.id, tokenUse, 'grace@example.com')).outcome).toBe('email_taken')
      expect((await tokens.store.findUser(ada.id))?.email).toBe('ada@example.com')
      expect((await tokens.change(ada.id, tokenUse, 'ada@lovelace.example')).outcome).toBe('changed')
      expect((await tokens.store.findUser(ada.id))?.email).toBe('ada@lovelace.example')
    })

    test(titled('100 sign-ups with one token create one account'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link', to: { email: 'new@example.com' } })
      const { tokenUse } = await tokens.identify(plaintext, 'magic_link')
      const made = await Promise.all(
        Array.from({ length: 100 }, (_, index) => tokens.signUp(`new-${index}@example.com`, tokenUse)),
      )
      const outcomes = made.map(({ outcome }) => outcome)
      expect(countOf(outcomes, 'registered')).toBe(1)
      expect(countOf(outcomes, 'token_used')).toBe(99)
      const found = await Promise.all(made.map((_, index) => tokens.store.findUserByEmail(`new-${index}@example.com`)))
      expect(found.map((user) => user !== undefined)).toEqual(outcomes.map((outcome) => outcome === 'registered'))
    })

    test(titled('a sign-up whose address is taken leaves its token usable'), async () => {
      await using tokens = await start({ backend })
      await tokens.user('ada@example.com')
      const { plaintext } = await tokens.mint({ kind: 'magic_link' })
      const { tokenUse } = await tokens.identify(plaintext, 'magic_link')
      expect((await tokens.signUp('ada@example.com', tokenUse)).outcome).toBe('email_taken')
      expect((await tokens.signUp('grace@example.com', tokenUse)).outcome).toBe('registered')
    })

    test(titled('two tokens with the same first eight characters are distinguished'), async () => {
      const start6 = systemRandom.bytes(6) // six bytes are eight characters
      const bytes = (length: number) => Buffer.concat([start6, systemRandom.bytes(length - 6)])
      await using tokens = await start({ backend, random: { bytes } })
      const ada = await tokens.user('ada@example.com')
      const grace = await tokens.user('grace@example.com')
      const hers = await tokens.mint({ kind: 'magic_link' }, ada)
      const other = await tokens.mint({ kind: 'magic_link' }, grace)
      expect(hers.plaintext.slice(0, 8)).toBe(other.plaintext.slice(0, 8))
      expect((await tokens.consume(other.plaintext, 'magic_link')).userId).toBe(grace.id)
      expect((await tokens.consume(hers.plaintext, 'magic_link')).userId).toBe(ada.id)
      const third = bytes(32).toString('base64url')
      expect(await refusalOf(tokens.consume(third, 'magic_link'))).toBe('token_unknown')
    })

    test(titled('a token with one flipped bit is unknown'), async () => {
      await using tokens = await start({ backend })
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, await tokens.user('ada@example.com'))
      const reasons = new Set<string>()
      for (let bit = 0; bit < 256; bit++) {
        const bytes = Buffer.from(plaintext, 'base64url')
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        reasons.add(await refusalOf(tokens.consume(bytes.toString('base64url'), 'magic_link')))
      }
      // other encodings of the same bytes: the last character has two unused bits
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const at = alphabet.indexOf(plaintext.at(-1) ?? '')
      for (const spare of [1, 2, 3])
        reasons.add(await refusalOf(tokens.consume(plaintext.slice(0, -1) + alphabet[at ^ spare], 'magic_link')))
      expect([...reasons]).toEqual(['token_unknown'])
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('none')
    })

    test(titled('a newer token replaces the older one of its kind, for the same address and user only'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const grace = await tokens.user('grace@example.com')
      const older = await tokens.mint({ kind: 'magic_link' }, ada)
      const otherKind = await tokens.mint({ kind: 'password_reset' }, ada)
      const otherUser = await tokens.mint({ kind: 'magic_link' }, grace)
      const otherFamily = await tokens.mint({ kind: 'magic_link', family: 'supabase' }, ada)
      const newer = await tokens.mint({ kind: 'magic_link' }, ada)
      expect(await refusalOf(tokens.consume(older.plaintext, 'magic_link'))).toBe('token_used')
      expect(await refusalOf(tokens.consume(newer.plaintext, 'magic_link'))).toBe('none')
      expect(await refusalOf(tokens.consume(otherKind.plaintext, 'password_reset'))).toBe('none')
      expect(await refusalOf(tokens.consume(otherUser.plaintext, 'magic_link'))).toBe('none')
      expect(await refusalOf(tokens.consume(otherFamily.plaintext, 'magic_link', 'supabase'))).toBe('none')
    })

    test(titled('an address without an account has one token of a kind, too, in any letter case'), async () => {
      await using tokens = await start({ backend })
      const older = await tokens.mint({ kind: 'magic_link', to: { email: 'new@example.com' } })
      const newer = await tokens.mint({ kind: 'magic_link', to: { email: 'NEW@example.com' } })
      expect(await refusalOf(tokens.identify(older.plaintext, 'magic_link'))).toBe('token_used')
      expect(await refusalOf(tokens.identify(newer.plaintext, 'magic_link'))).toBe('none')
    })

    test(
      titled('magic link and recovery replace each other on the gotrue surface, but not below /api/auth'),
      async () => {
        await using tokens = await start({ backend })
        const ada = await tokens.user('ada@example.com')
        for (const family of ['supabase', 'service'] as const) {
          const link = await tokens.mint({ kind: 'magic_link', family }, ada)
          await tokens.mint({ kind: 'password_reset', family }, ada)
          const reason = await refusalOf(tokens.identify(link.plaintext, 'magic_link', family))
          expect(reason).toBe(family === 'supabase' ? 'token_used' : 'none')
        }
      },
    )

    test(titled('a token of one family is unknown in the other'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const service = await tokens.mint({ kind: 'magic_link' }, ada)
      const supabase = await tokens.mint({ kind: 'magic_link', family: 'supabase' }, ada)
      expect(await refusalOf(tokens.consume(service.plaintext, 'magic_link', 'supabase'))).toBe('token_unknown')
      expect(await refusalOf(tokens.consume(supabase.plaintext, 'magic_link'))).toBe('token_unknown')
    })

    test(titled('a repeated request for a change of address invalidates earlier links, in both families'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      for (const [first, second] of [
        ['supabase', 'service'],
        ['service', 'supabase'],
      ] as const) {
        const older = await tokens.mint({ kind: 'email_change', family: first, to: { email: 'eve1@example.com' } }, ada)
        const newer = await tokens.mint(
          { kind: 'email_change', family: second, to: { email: 'eve2@example.com' } },
          ada,
        )
        expect(await refusalOf(tokens.identify(older.plaintext, 'email_change', first))).toBe('token_used')
        expect(await refusalOf(tokens.identify(newer.plaintext, 'email_change', second))).toBe('none')
      }
    })

    test(titled('five wrong codes invalidate the code, and the link in the same mail stays usable'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const to = { email: 'ada@example.com' }
      const { plaintext, code } = await tokens.mint(
        { kind: 'magic_link', family: 'supabase', to, code: { fixed: '123456' } },
        ada,
      )
      const show = (shown: string) => showCode(tokens, ada.id, { to, code: shown, kinds: ['magic_link'] })
      for (let attempt = 1; attempt <= 5; attempt++) expect(await show(`00000${attempt}`)).toBe('token_unknown')
      expect(await show(code)).toBe('token_unknown')
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link', 'supabase'))).toBe('none')
    })

    test(titled('after four wrong codes the correct one works, once'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const to = { email: 'ada@example.com' }
      await tokens.mint({ kind: 'magic_link', family: 'supabase', to, code: { fixed: '123456' } }, ada)
      const outcomes: string[] = []
      for (const code of ['1', '2', '3', '4', '123456', '123456'])
        outcomes.push(await showCode(tokens, ada.id, { to, code, kinds: ['magic_link'] }))
      expect(outcomes).toEqual([...Array(4).fill('token_unknown'), 'changed', 'token_unknown'])
    })

    test(
      titled('of many simultaneous codes five are checked: the correct one works among five, but not behind a hundred'),
      async () => {
        await using tokens = await start({ backend })
        for (const [place, many, isInTime] of [
          [4, 5, true],
          [100, 101, false],
        ] as const) {
          const user = await tokens.user(`user-${place}@example.com`)
          const to = { email: `user-${place}@example.com` }
          const { code, minting } = await tokens.mint(
            { kind: 'magic_link', family: 'supabase', to, code: 'random' },
            user,
          )
          const shown = Array.from({ length: many }, (_, index) => (index === place ? code : `wrong-${index}`))
          const outcomes = await Promise.all(
            shown.map((each) => showCode(tokens, user.id, { to, code: each, kinds: ['magic_link'] })),
          )
          const winners = outcomes.flatMap((outcome, index) => (outcome === 'changed' ? [index] : []))
          expect(winners).toEqual(isInTime ? [place] : [])
          const [stored] = await tokens.store.findTokens(minting.token.tokenPrefix)
          expect(stored?.codeAttempts).toBeGreaterThanOrEqual(isInTime ? 4 : 5)
          expect(stored?.consumedAt === null).toBe(!isInTime)
        }
      },
    )

    test(titled('a wrong code counts for every code that it could match'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const to = { email: 'ada@example.com' }
      const kinds = ['magic_link', 'signup'] as const
      for (const [kind, fixed] of [
        ['signup', '111111'],
        ['magic_link', '222222'],
      ] as const)
        await tokens.mint({ kind, family: 'supabase', to, code: { fixed } }, ada)
      const show = (code: string) => showCode(tokens, ada.id, { to, code, kinds })
      for (let attempt = 1; attempt <= 5; attempt++) await show(`00000${attempt}`)
      expect([await show('111111'), await show('222222')]).toEqual(['token_unknown', 'token_unknown'])
    })

    test(titled('a code does not work for another address, kind or family'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const grace = await tokens.user('grace@example.com')
      const fixed = { fixed: '123456' }
      await tokens.mint({ kind: 'magic_link', family: 'service', code: fixed }, ada)
      await tokens.mint({ kind: 'reauthentication', family: 'supabase', code: fixed }, ada)
      await tokens.mint({ kind: 'magic_link', family: 'supabase', code: fixed }, grace)
      const shown = { to: { email: 'ada@example.com' }, code: '123456', kinds: ['magic_link'] as const }
      expect(await refusalOf(findTokenByCode(taskContext(tokens.deps), shown))).toBe('code_wrong')
    })

    test(titled('deleting an account deletes its tokens'), async () => {
      await using tokens = await start({ backend })
      const ada = await tokens.user('ada@example.com')
      const { plaintext } = await tokens.mint({ kind: 'magic_link' }, ada)
      await tokens.store.softDeleteUser({ id: ada.id, now: tokens.clock.now(), scrub: (text) => `x${text}`, audit: [] })
      expect(await refusalOf(tokens.consume(plaintext, 'magic_link'))).toBe('token_used')
    })

    test(titled(`a restart ${backend === 'memory' ? 'drops' : 'keeps'} tokens`), async () => {
      await using database = await newDatabase()
      let plaintext = ''
      {
        await using tokens = await start({ backend, database })
        plaintext = (await tokens.mint({ kind: 'magic_link' }, await tokens.user('ada@example.com'))).plaintext
      }
      await using tokens = await start({ backend, database })
      const reason = await refusalOf(tokens.consume(plaintext, 'magic_link'))
      expect(reason).toBe(backend === 'memory' ? 'token_unknown' : 'none')
    })
  })

  describe('a new pepper', () => {
    const NEW = Buffer.from('another pepper of thirty-two bytes')
    const OTHER = Buffer.from('a pepper that never was of this server')

    test('keeps tokens issued under the previous one valid, and no others', async () => {
      await using database = await newDatabase()
      let [link, reset, code] = ['', '', '']
      const to = { email: 'ada@example.com' }
      {
        await using tokens = await start({ backend: 'database', database })
        const ada = await tokens.user(to.email)
        link = (await tokens.mint({ kind: 'magic_link' }, ada)).plaintext
        reset = (await tokens.mint({ kind: 'password_reset' }, ada)).plaintext
        code = (await tokens.mint({ kind: 'signup', family: 'supabase', code: 'random', to }, ada)).code
      }
      {
        await using tokens = await start({ backend: 'database', database, peppers: [NEW] })
        expect(await refusalOf(tokens.consume(link, 'magic_link'))).toBe('token_unknown')
        await using both = await start({ backend: 'database', database, peppers: [NEW, OTHER] })
        expect(await refusalOf(both.consume(link, 'magic_link'))).toBe('token_unknown')
      }
      await using tokens = await start({ backend: 'database', database, peppers: [NEW, PEPPER] })
      expect(await refusalOf(tokens.consume(link, 'magic_link'))).toBe('none')
      expect(await refusalOf(tokens.consume(link, 'magic_link'))).toBe('token_used')
      expect(await refusalOf(tokens.consume(reset, 'password_reset'))).toBe('none')
      const { token, tokenUse } = await findTokenByCode(taskContext(tokens.deps), { to, code, kinds: ['signup'] })
      expect((await tokens.change(token.userId ?? '', tokenUse)).outcome).toBe('changed')
      // New tokens are hashed with the new pepper only.
      const grace = await tokens.user('grace@example.com')
      const { plaintext, minting } = await tokens.mint({ kind: 'magic_link' }, grace)
      expect(minting.token.tokenHash).toBe(new Bun.CryptoHasher('sha256', NEW).update(plaintext).digest('hex'))
    })
  })

  for (const backend of backends)
    test(`${backend}: if the enclosing operation fails, the token is not stored, and what it would replace stays valid`, async () => {
      await using server = await start({ backend })
      const { deps, store, clock } = server
      const first = mintToken(taskContext(deps), {
        kind: 'magic_link',
        family: 'service',
        to: { email: 'ada@example.com' },
      })
      await store.saveTokensAndMessages({ now: clock.now(), mint: [first.minting], audit: [] })
      const second = mintToken(taskContext(deps), {
        kind: 'magic_link',
        family: 'service',
        to: { email: 'ada@example.com' },
      })
      // JSON cannot represent this number, so the audit entry fails the operation after the token was inserted.
      const entry = { id: crypto.randomUUID(), payload: { n: 1n as never }, ipAddress: '', createdAt: clock.now() }
      const failing = store.saveTokensAndMessages({ now: clock.now(), mint: [second.minting], audit: [entry] })
      await expect(failing).rejects.toThrow()
      const pending = await store.pendingTokens({ email: 'ada@example.com' })
      expect(pending.map(({ id }) => id)).toEqual([first.minting.token.id])
    })
})
