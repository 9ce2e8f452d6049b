/** What several nodes on one Postgres have in common. */
import { describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import type { Context } from '../../../src/core/kernel/context'
import { releaseClaimedMessages } from '../../../src/core/messages/outbox'
import { SWEEP_INTERVAL_MS, sweepInTurn } from '../../../src/core/operations/sweep'
import { Unavailable } from '../../../src/lib/unavailable'
import type { CustomProvider, SigningKeyRow } from '../../../src/store'
import { newMessage, newUser } from '../../support/accounts'
import { testClock } from '../../support/fakes'
import { beforeNodes, startNode, startNodes } from '../../support/nodes'
import { hasPostgres, runOn } from '../../support/postgres'
import { tcpProxy } from '../../support/tcp-proxy'

const clock = () => testClock('2026-01-02T00:00:00Z')
const NOW = clock().now()

const signingKey = (kid: string): SigningKeyRow => ({
  kid,
  alg: 'ES256',
  privateJwk: 'sealed',
  createdAt: NOW,
  signsFrom: null,
  revokedAt: null,
})
const customProvider: CustomProvider = {
  id: '0b9f2a52-7c4f-4b6e-9a55-6a1f3c0f7c11',
  identifier: 'custom:acme',
  providerType: 'oauth2',
  issuer: null,
  discoveryUrl: null,
  authorizationUrl: 'https://acme.example/authorize',
  tokenUrl: 'https://acme.example/token',
  userinfoUrl: 'https://acme.example/userinfo',
  jwksUri: null,
  discoveryDocument: null,
  discoveredAt: null,
  name: 'Acme',
  clientId: 'client',
  clientSecret: 'sealed',
  acceptableClientIds: [],
  scopes: [],
  pkceEnabled: true,
  attributeMapping: {},
  customClaimsAllowlist: [],
  authorizationParams: {},
  enabled: true,
  emailOptional: false,
  skipNonceCheck: false,
  createdAt: NOW,
  updatedAt: NOW,
}
const queued = () => ({ ...newMessage('ada@example.com'), state: 'queued' as const, nextAttemptAt: NOW })
const claim = { now: NOW, leaseMs: 60_000, longestWaitMs: 600_000, limit: 2 }

beforeNodes()

describe.skipIf(!hasPostgres)('nodes on one Postgres', () => {
  test('see a signing key of another node when it is added, scheduled and revoked', async () => {
    await using group = await startNodes()
    const [{ store }, other] = group.nodes
    const changes = [
      () => store.addSigningKey(signingKey('new')),
      () => store.scheduleSigningKey({ kid: 'new', signsFrom: NOW, now: NOW }),
      () => store.revokeSigningKey({ kid: 'new', now: NOW }),
    ]
    for (const change of changes) {
      const told = other.next('signing_keys')
      expect(await change()).toBe(true)
      await told
    }
    expect((await other.store.listSigningKeys()).map(({ kid, revokedAt }) => [kid, revokedAt])).toEqual([['new', NOW]])
    expect(await store.revokeSigningKey({ kid: 'new', now: NOW })).toBe(false)
  })

  test('are told of queued mail at most once a second, and never by themselves', async () => {
    await using group = await startNodes(3)
    const [sender, ...others] = group.nodes
    const told = Promise.all(others.map(({ next }) => next('queued_mail')))
    const send = () => sender.store.saveTokensAndMessages({ now: NOW, messages: [queued()], audit: [] })
    await Promise.all([send(), send(), send()])
    await told
    // Notifications keep their order, so an announcement of another message would have come before this one.
    const key = Promise.all(group.nodes.slice(1).map(({ next }) => next('signing_keys')))
    await sender.store.addSigningKey(signingKey('last'))
    await key
    expect(sender.seen).toEqual(['message', 'message', 'message', 'signing_keys'])
    for (const { seen } of others) expect(seen).toEqual(['queued_mail', 'signing_keys'])
  })

  test('look for everything again after their connection was lost', async () => {
    await using group = await startNodes()
    const [{ store }, other] = group.nodes
    const found = Promise.all([other.next('signing_keys'), other.next('queued_mail'), other.next('matrix_account')])
    await runOn(
      group.database.url,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND query ILIKE 'LISTEN %'`,
    )
    await found
    const told = other.next('signing_keys')
    await store.addSigningKey(signingKey('later'))
    await told
  })

  test('keep their connection after failures that do not concern it', async () => {
    await using group = await startNodes()
    const [{ store }, other] = group.nodes
    const listeners = () =>
      runOn(
        group.database.url,
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN %' ORDER BY pid`,
      )
    const before = await listeners()
    expect(before).toHaveLength(2)
    const blocker = new SQL(group.database.url, { max: 1 })
    await blocker.begin(async (tx) => {
      await tx`LOCK latchkey.meta`
      await expect(other.store.putMeta({ key: 'a', value: '' })).rejects.toThrow('too long')
    })
    await blocker.close()
    await other.store.putMeta({ key: 'a', value: '' })
    const told = other.next('signing_keys')
    await store.addSigningKey(signingKey('new'))
    await told
    expect(await listeners()).toEqual(before)
    expect(other.seen).toEqual(['signing_keys'])
  })

  test('look for everything again after the network was silent', async () => {
    await using group = await startNodes()
    const [{ store }] = group.nodes
    using proxy = await tcpProxy(group.database.url)
    const cutOff = await startNode(proxy.url)
    proxy.mode = 'silent'
    await store.addSigningKey(signingKey('missed'))
    const found = cutOff.next('signing_keys')
    await expect(cutOff.store.listSigningKeys()).rejects.toThrow(Unavailable)
    proxy.mode = 'open'
    await found
    await cutOff.store.close()
  }, 60_000)

  test('with a topic that only a newer version knows, nothing happens', async () => {
    await using group = await startNodes()
    const [{ store, seen }, other] = group.nodes
    await runOn(group.database.url, `SELECT pg_notify('latchkey', 'moon phase')`)
    const told = other.next('signing_keys')
    await store.addSigningKey(signingKey('new'))
    await told
    expect([seen, other.seen]).toEqual([['signing_keys'], ['signing_keys']])
  })

  test('use what another node has configured at once', async () => {
    await using group = await startNodes()
    const [one, other] = group.nodes
    const { id, identifier } = customProvider
    const find = async () => (await other.store.findCustomProvider(identifier))?.name
    await one.store.addCustomProvider({ provider: customProvider, max: 1, audit: [] })
    expect(await find()).toBe('Acme')
    await one.store.changeCustomProvider({ id, identifier, set: { name: 'Renamed' }, now: NOW, audit: [] })
    expect(await find()).toBe('Renamed')
    await one.store.deleteCustomProvider({ identifier, audit: [] })
    expect(await find()).toBeUndefined()
  })

  test('count guesses at second factors together', async () => {
    await using group = await startNodes()
    const user = newUser()
    await group.nodes[0].store.createUser({ user, identities: [], audit: [] })
    const limit = { max: 10, windowMs: 900_000, maxWindowMs: 900_000 }
    const guess = { userId: user.id, network: undefined, knownSince: 0, limit, now: NOW }
    const count = (_: unknown, index: number) =>
      (group.nodes[index % 2] ?? group.nodes[0]).store.countFactorAttempt(guess)
    const counted = await Promise.all(Array.from({ length: 30 }, count))
    expect(counted.filter(({ waitMs }) => waitMs === 0)).toHaveLength(10)
  })

  test('claim ten messages with six workers once each', async () => {
    await using group = await startNodes()
    const [one, other] = group.nodes
    const sent = Array.from({ length: 10 }, queued)
    await one.store.saveTokensAndMessages({ now: NOW, messages: sent, audit: [] })
    const work = async (worker: number): Promise<string[]> => {
      const { store } = worker % 2 === 0 ? one : other
      const claimed: string[] = []
      for (;;) {
        const found = await store.claimMessages(claim)
        if (found.length === 0) return claimed
        claimed.push(...found.map(({ id }) => id))
      }
    }
    const claimed = (await Promise.all(Array.from({ length: 6 }, (_, worker) => work(worker)))).flat()
    expect(claimed.sort()).toEqual(sent.map(({ id }) => id).sort())
  })

  test('leave the claims of others alone when they start, and take over expired ones', async () => {
    await using group = await startNodes()
    const [one, other] = group.nodes
    const message = queued()
    await one.store.saveTokensAndMessages({ now: NOW, messages: [message], audit: [] })
    expect(await one.store.claimMessages(claim)).toHaveLength(1)
    await releaseClaimedMessages({ store: other.store, now: NOW + 1 } as Context)
    expect(await other.store.claimMessages({ ...claim, now: NOW + 59_999 })).toEqual([])
    expect(await other.store.claimMessages({ ...claim, now: NOW + 60_000 })).toHaveLength(1)
    expect(await one.store.settleMessage({ ...settled(message.id), attempts: 1 })).toBeUndefined()
    expect((await one.store.findMessage(message.id))?.state).toBe('queued')
  })

  test('sweep one at a time, and one takes over when the other is gone', async () => {
    await using group = await startNodes()
    const [one, other] = group.nodes
    const time = clock()
    const sweepOn = ({ store }: typeof one) => sweepInTurn(contextOf({ store, clock: time, now: time.now() }))
    const both = await Promise.all([sweepOn(one), sweepOn(other)])
    expect(both.filter((removed) => removed !== undefined)).toHaveLength(1)
    time.advance(SWEEP_INTERVAL_MS / 2)
    expect([await sweepOn(one), await sweepOn(other)]).toEqual([undefined, undefined])
    time.advance(SWEEP_INTERVAL_MS / 2)
    expect(await sweepOn(other)).toBeDefined()
    expect(await sweepOn(one)).toBeUndefined()
  })

  test('leave the turn to sweep to others while their clock is not trusted', async () => {
    await using group = await startNodes()
    const [one, other] = group.nodes
    const time = clock()
    const context = { clock: time, now: time.now() }
    const clockWatch = { isSettled: () => false } as Context['clockWatch']
    expect(await sweepInTurn(contextOf({ ...context, store: one.store, clockWatch }))).toBeUndefined()
    expect(await sweepInTurn(contextOf({ ...context, store: other.store }))).toBeDefined()
  })
})

const settled = (id: string) => ({
  id,
  state: 'failed' as const,
  error: 'too late',
  nextAttemptAt: null,
  sentAt: null,
  content: null,
})

/** What the sweep reads. */
const contextOf = (given: Partial<Context>): Context =>
  ({
    ...given,
    policy: {
      session: {},
      retention: { unusedSessionMs: 1, auditMs: 1, eventsMs: 1, refusalsMs: 1 },
      signup: {},
      flowMs: 1,
      mail: {},
    },
  }) as unknown as Context
