/** Two servers on one database: what may happen once happens once, and nothing that may happen is refused. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createUser } from '../../../src/store/accounts/new-accounts'
import type { Engine, Tx } from '../../../src/store/engine'
import { countFactorAttempt } from '../../../src/store/factors/factor-attempts'
import { insertFactorIn } from '../../../src/store/factors/factors'
import { claimMessages } from '../../../src/store/messages'
import { exchangeFlow, issueAuthCode, startFlow } from '../../../src/store/oauth/flows'
import { openSession } from '../../../src/store/sessions/sessions'
import { queueMessages } from '../../../src/store/statements'
import { NOW } from '../../support/accounts'
import { eachEngine, newDatabase, openEngine, type TestDatabase } from '../../support/engines'
import { interleave, type Run, randomOf } from '../../support/schedules'
import { ADA, factor, flow, id, message, session } from './world'

const SEEDS = [1, 2, 3]
const times = <T>(count: number, make: (copy: number) => T) => Array.from({ length: count }, (_, copy) => make(copy))

eachEngine(() => {
  let database: TestDatabase
  let servers: Engine[]
  beforeAll(async () => {
    database = await newDatabase()
    servers = [await openEngine(database.target), await openEngine(database.target)]
    await write((tx) => createUser(tx, { user: ADA, identities: [], audit: [] }))
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) await server.close()
    await database[Symbol.asyncDispose]()
  })

  const write = <T>(operation: (tx: Tx) => Promise<T>) => (servers[0] as Engine).write(operation)
  const atOnce = <T>(seed: number, runs: readonly ((tx: Tx) => Promise<T>)[], mode: 'write' | 'guarded' = 'write') =>
    Promise.all(
      interleave(
        servers,
        runs.map((work) => ({ mode, work }) satisfies Run<T>),
        randomOf(seed),
      ),
    )

  test.each(SEEDS)('of 12 exchanges of one PKCE code, one gets a session (seed %d)', async (seed) => {
    const { id: flowId } = flow(`flow ${seed}`)
    const hash = `code ${seed}`
    await write(async (tx) => {
      await startFlow(tx, flow(`flow ${seed}`))
      await issueAuthCode(tx, { flowId, hash }, NOW)
    })
    const exchange = (copy: number) => (tx: Tx) =>
      exchangeFlow(tx, { authCodeHash: hash, session: session(`exchanged ${seed}`, copy), now: NOW, audit: [] })
    const outcomes = (await atOnce(seed, times(12, exchange))).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual([...times(11, () => 'flow_gone' as const), 'opened'])
  })

  test.each(SEEDS)('of 12 uses of one TOTP code, one passes (seed %d)', async (seed) => {
    const app = factor(`app ${seed}`, {})
    await write((tx) => insertFactorIn(tx, app))
    const proof = { type: 'totp' as const, factorId: app.id, step: 7 }
    const use = (copy: number) => (tx: Tx) =>
      openSession(tx, { session: session(`by code ${seed}`, copy), now: NOW, proof, audit: [] })
    const outcomes = (await atOnce(seed, times(12, use))).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['opened', ...times(11, () => 'proof_used' as const)])
  })

  test.each(SEEDS)('of 30 guesses at a code, 10 are allowed (seed %d)', async (seed) => {
    const limit = { max: 10, windowMs: 1000, maxWindowMs: 1000 }
    // Each seed has a window of its own.
    const guess = () => (tx: Tx) =>
      countFactorAttempt(tx, { userId: ADA.id, network: undefined, knownSince: 0, limit, now: NOW + seed * 10_000 })
    const allowed = (await atOnce(seed, times(30, guess))).filter(({ waitMs }) => waitMs === 0)
    expect(allowed).toHaveLength(10)
  })

  test.each(SEEDS)('of 10 messages and 6 claimers, each message is claimed once (seed %d)', async (seed) => {
    const ids = times(10, (copy) => id(`message ${seed} ${copy}`))
    await write((tx) =>
      queueMessages(
        tx,
        times(10, (copy) => ({ ...message(`message ${seed} ${copy}`) })),
      ),
    )
    const claim = () => (tx: Tx) => claimMessages(tx, { now: NOW, leaseMs: 1000, longestWaitMs: 1000, limit: 3 })
    const claimed = (await atOnce(seed, times(6, claim), claimMessages.mode as 'guarded')).flat().map((each) => each.id)
    expect(claimed.toSorted()).toEqual(ids.toSorted())
  })
})
