/** The context of a request: its instant, its client, and what it inherits. */
import { expect, test } from 'bun:test'
import { createCore } from '../../../src/core'
import { auditEntry } from '../../../src/core/kernel/audit'
import {
  type Client,
  contextFactory,
  type Deps,
  NO_CLIENT,
  withClient,
  withCurrentTime,
} from '../../../src/core/kernel/context'
import { startApp } from '../../support/app'
import { testClock } from '../../support/fakes'

const ADA: Client = { ip: '203.0.113.7', userAgent: 'a browser', languages: ['de'] }

function start({ auditAddresses = true } = {}) {
  const clock = testClock('2026-01-01T00:00:00Z')
  const random = { uuid: () => 'an id', bytes: (length: number) => Buffer.alloc(length) }
  const deps = { clock, random, policy: { retention: { auditAddresses } } } as unknown as Deps
  return { clock, deps, contextOf: contextFactory(deps) }
}

test('a context keeps the instant at which it began', () => {
  const { clock, contextOf } = start()
  const startedAt = clock.now()
  const context = contextOf(() => ADA)
  clock.advance(5000)
  expect(context.now).toBe(startedAt)
  expect(contextOf(() => ADA).now).toBe(startedAt + 5000)
})

test('a context gives access to every dependency', () => {
  const { deps, contextOf } = start()
  const { clock, random, policy } = contextOf(() => ADA)
  expect([clock, random, policy]).toEqual([deps.clock, deps.random, deps.policy])
})

test('the client is determined only if it is needed', () => {
  const { contextOf } = start()
  let calls = 0
  const context = contextOf(() => {
    calls++
    return ADA
  })
  expect([context.now > 0, calls]).toEqual([true, 0])
  expect([context.client, calls]).toEqual([ADA, 1])
})

test('the instant of a context can be read again, and its client stays', () => {
  const { clock, contextOf } = start()
  const context = contextOf(() => ADA)
  clock.advance(5000)
  const current = withCurrentTime(context)
  expect([current.now - context.now, current.client, current.clock]).toEqual([5000, ADA, clock])
})

test('a context can be given another client, and its instant stays', () => {
  const { clock, contextOf } = start()
  const context = contextOf(() => ADA)
  clock.advance(5000)
  const other = withClient(context, NO_CLIENT)
  expect([other.now, other.client, context.client]).toEqual([context.now, NO_CLIENT, ADA])
  expect(withCurrentTime(other)).toMatchObject({ now: context.now + 5000, client: NO_CLIENT })
})

test('an audit entry has the instant and the address of its context', () => {
  const context = start().contextOf(() => ADA)
  expect(auditEntry(context, 'logout', 'supabase_admin')).toMatchObject({ createdAt: context.now, ipAddress: ADA.ip })
})

test('an audit entry has no address where none is stored, nor for background work', () => {
  const withoutAddresses = start({ auditAddresses: false }).contextOf(() => ADA)
  expect(auditEntry(withoutAddresses, 'logout', 'supabase_admin').ipAddress).toBe('')
  expect(
    auditEntry(
      start().contextOf(() => NO_CLIENT),
      'logout',
      'supabase_admin',
    ).ipAddress,
  ).toBe('')
})

test('the core is bound to one request or task', async () => {
  await using app = await startApp()
  const { id } = await app.signUp('ada@example.com')
  const admin = { role: 'supabase_admin' }
  await app.core.forRequest(() => ADA).deleteUser({ admin, id, isSoft: true })
  await app.core.forTask().deleteUser({ admin, id, isSoft: false })
  const { rows } = await app.core.forTask().listAudit({ page: 1, perPage: 2, query: '' })
  expect(rows.map(({ ipAddress }) => ipAddress)).toEqual(['', ADA.ip])
})

test('the methods of the core are shared by all requests', () => {
  const core = createCore(start().deps)
  const [one, other] = [core.forTask(), core.forTask()]
  expect(one.signUp).toBe(other.signUp)
  expect(one.policy).toBe(core.policy)
})
