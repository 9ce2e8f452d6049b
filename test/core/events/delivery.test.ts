/** The queue of events: order, attempts, leases, replay and retention, on both engines. */
import { expect, test } from 'bun:test'
import { systemRandom } from '../../../src/adapters/system'
import { policyOf } from '../../../src/compose/policy'
import { load } from '../../../src/config/load'
import { accountEvents } from '../../../src/core/events/account-events'
import {
  deliverEvents,
  eventQueue,
  nextEventInMs,
  releaseClaimedEvents,
  replayEvents,
} from '../../../src/core/events/delivery'
import type { Deps } from '../../../src/core/kernel/context'
import { sweep } from '../../../src/core/operations/sweep'
import { DAY, HOUR, SECOND } from '../../../src/lib/milliseconds'
import { type Event, openStore } from '../../../src/store'
import { newUser } from '../../support/accounts'
import { execute } from '../../support/database'
import { eachEngine, newDatabase } from '../../support/engines'
import { EVENTS, type EventReceiver, eventReceiver } from '../../support/event-receiver'
import { taskContext, testClock } from '../../support/fakes'

async function start() {
  const database = await newDatabase()
  const clock = testClock('2026-01-01T00:00:00Z')
  const receiver = eventReceiver()
  const reports: string[] = []
  const { settings } = load({ set: EVENTS })
  const policy = policyOf(settings)
  const opened: { close(): Promise<void> }[] = []
  /** A process on the database. */
  const process = async ({
    post = receiver.post,
    runsWritesTwice = true,
  }: Partial<EventReceiver> & { runsWritesTwice?: boolean } = {}) => {
    const eventsOf = accountEvents({ policy, random: systemRandom, clock })
    const store = await openStore(database.target, clock.now(), { runsWritesTwice, eventsOf })
    opened.push(store)
    const report = (level: string, message: string) => void reports.push(`${level}: ${message}`)
    return { store, clock, policy, post, report } as unknown as Deps
  }
  const deps = await process()
  return {
    deps,
    clock,
    receiver,
    reports,
    process,
    target: database.target,
    deliver: (from = deps) => deliverEvents(taskContext(from)),
    /** Delivers until nothing is due. */
    async deliverAll(from = deps) {
      while ((await deliverEvents(taskContext(from))) > 0);
    },
    /** An account, whose creation is an event. */
    async user(name: string): Promise<string> {
      const user = newUser({ email: `${name}@example.com`, emailConfirmedAt: null, createdAt: clock.now() })
      const { outcome } = await deps.store.createUser({ user, identities: [], audit: [] })
      expect(outcome).toBe('created')
      return user.id
    },
    /** An event of type `role.granted` or `role.revoked`. */
    async change(userId: string, change: 'grant' | 'revoke') {
      const which = { userId, role: 'admin', now: clock.now() }
      expect(await (change === 'grant' ? deps.store.grantRole(which) : deps.store.revokeRole(which))).toBe(true)
    },
    /** Oldest first. */
    events: async (): Promise<Event[]> => (await deps.store.listEvents({ limit: 1000 })).reverse(),
    queue: () => eventQueue(taskContext(deps)),
    nextInMs: () => nextEventInMs(taskContext(deps)),
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

const states = (events: Event[]) => events.map(({ type, state, attempts }) => `${type} ${state} ${attempts}`)

eachEngine((engine) => {
  test('a delivered event is kept with its time, and not sent again', async () => {
    await using outbox = await start()
    await outbox.user('ada')
    expect(await outbox.queue()).toEqual({ length: 1, oldestMs: 0, failed: 0 })
    outbox.clock.advance(SECOND)
    expect(await outbox.deliver()).toBe(1)
    expect(await outbox.deliver()).toBe(0)
    const [event] = await outbox.events()
    expect(event).toMatchObject({
      state: 'delivered',
      attempts: 1,
      error: null,
      nextAttemptAt: null,
      deliveredAt: outbox.clock.now(),
    })
    expect(outbox.receiver.received.map(({ id }) => id)).toEqual([event?.id ?? ''])
    expect(await outbox.queue()).toEqual({ length: 0, oldestMs: 0, failed: 0 })
    expect(await outbox.nextInMs()).toBeUndefined()
  })

  test('while an event fails, the later ones of its account wait, and those of others do not', async () => {
    await using outbox = await start()
    const { receiver, clock } = outbox
    const ada = await outbox.user('ada')
    const bob = await outbox.user('bob')
    receiver.answer = ({ user }) => (user === ada ? 503 : 200)
    await outbox.deliverAll()
    await outbox.change(ada, 'grant')
    await outbox.change(bob, 'grant')
    await outbox.deliverAll()
    const of = (user: string) => receiver.received.filter((each) => each.user === user).map(({ type }) => type)
    expect([of(ada), of(bob)]).toEqual([['user.created'], ['user.created', 'role.granted']])
    clock.advance(5 * SECOND)
    await outbox.deliverAll()
    await outbox.change(ada, 'revoke')
    await outbox.deliverAll()
    expect(of(ada)).toEqual(['user.created', 'user.created'])
    receiver.answer = () => 200
    clock.advance(10 * SECOND)
    await outbox.deliverAll()
    expect(of(ada).slice(2)).toEqual(['user.created', 'role.granted', 'role.revoked'])
    const ids = receiver.received
      .filter(({ user, type }) => user === ada && type === 'user.created')
      .map(({ id }) => id)
    expect(new Set(ids).size).toBe(1)
    expect(states(await outbox.events())).toEqual([
      'user.created delivered 3',
      'user.created delivered 1',
      'role.granted delivered 1',
      'role.granted delivered 1',
      'role.revoked delivered 1',
    ])
  })

  test('what is queued behind an event that fails is due when that one is, and at once when it has arrived', async () => {
    await using outbox = await start()
    const { receiver, clock } = outbox
    const ada = await outbox.user('ada')
    receiver.answer = () => 503
    for (let attempt = 0; attempt < 5; attempt++) {
      await outbox.deliver()
      clock.advance((await outbox.nextInMs()) ?? 0)
    }
    await outbox.deliver()
    await outbox.change(ada, 'grant')
    const dueAt = async () => (await outbox.events()).map(({ nextAttemptAt }) => (nextAttemptAt ?? 0) - clock.now())
    expect(await dueAt()).toEqual([160 * SECOND, 0])
    expect(await outbox.deliver()).toBe(0)
    expect(await dueAt()).toEqual([160 * SECOND, 160 * SECOND])
    clock.advance(160 * SECOND)
    receiver.answer = () => 204
    expect(await outbox.deliver()).toBe(1)
    expect(await dueAt()).toEqual([-clock.now(), 0])
    expect(await outbox.deliver()).toBe(1)
  })

  test('what another process has postponed until the end of a lease is due once the attempt has succeeded', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    outbox.receiver.answer = () => 503
    await outbox.deliver()
    outbox.clock.advance(5 * SECOND)
    const { promise: answer, resolve: accept } = Promise.withResolvers<number>()
    outbox.receiver.answer = () => answer
    const sending = outbox.deliver()
    await outbox.receiver.arrived(2)
    await outbox.change(ada, 'grant')
    expect(await outbox.deliver(await outbox.process())).toBe(0)
    expect((await outbox.events())[1]?.nextAttemptAt).toBe(outbox.clock.now() + 60 * SECOND)
    accept(204)
    await sending
    expect(await outbox.nextInMs()).toBe(0)
    expect(await outbox.deliver()).toBe(1)
  })

  test.each([
    [301, 'status 301'],
    [410, 'status 410'],
    [500, 'status 500'],
    ['unreachable', 'connection refused'],
    ['timed_out', 'no answer within 10 seconds'],
  ] as const)('after %p, an event is tried again, ever later', async (answer, error) => {
    await using outbox = await start()
    outbox.receiver.answer = () => answer
    await outbox.user('ada')
    const delays: (number | undefined)[] = []
    for (let attempt = 1; attempt <= 12; attempt++) {
      expect(await outbox.deliver()).toBe(1)
      const [event] = await outbox.events()
      expect([event?.state, event?.error, event?.attempts]).toEqual(['pending', error, attempt])
      delays.push(await outbox.nextInMs())
      outbox.clock.advance((delays.at(-1) ?? 0) - 1)
      expect(await outbox.deliver()).toBe(0)
      outbox.clock.advance(1)
    }
    expect(delays.map((ms) => (ms ?? 0) / SECOND)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600])
    expect(outbox.reports.at(-1)).toBe('warn: event will be retried')
  })

  test('after three days an event is given up, and the next one gets its attempt', async () => {
    await using outbox = await start()
    outbox.receiver.answer = () => 500
    const ada = await outbox.user('ada')
    await outbox.change(ada, 'grant')
    await outbox.deliver()
    outbox.clock.advance(3 * DAY)
    await outbox.deliverAll()
    expect(states(await outbox.events())).toEqual(['user.created failed 2', 'role.granted failed 1'])
    expect(outbox.reports.at(-1)).toBe('error: event could not be delivered')
    expect(await outbox.queue()).toEqual({ length: 0, oldestMs: 0, failed: 2 })
  })

  test('a process that ends while sending loses nothing: another sends the same event after the lease', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    const [event] = await outbox.events()
    const { store } = await outbox.process()
    const claim = { now: outbox.clock.now(), leaseMs: 60 * SECOND, longestWaitMs: HOUR, limit: 8 }
    expect((await store.claimEvents(claim)).map(({ id }) => id)).toEqual([event?.id ?? ''])
    await outbox.change(ada, 'grant')
    expect(await outbox.deliver()).toBe(0)
    outbox.clock.advance(60 * SECOND)
    await outbox.deliverAll()
    expect(outbox.receiver.received.map(({ type }) => type)).toEqual(['user.created', 'role.granted'])
    expect(outbox.receiver.received[0]?.id).toBe(event?.id ?? '')
  })

  test('the result of an attempt that took longer than its lease does not undo a later one', async () => {
    await using outbox = await start()
    const { promise: late, resolve: answerLate } = Promise.withResolvers<number>()
    outbox.receiver.answer = () => late
    await outbox.user('ada')
    const slow = outbox.deliver()
    await outbox.receiver.arrived(1)
    outbox.clock.advance(60 * SECOND)
    outbox.receiver.answer = () => 204
    expect(await outbox.deliver()).toBe(1)
    answerLate(500)
    await slow
    expect(states(await outbox.events())).toEqual(['user.created delivered 2'])
  })

  test('of several processes, each event is claimed by one', async () => {
    await using outbox = await start()
    for (let index = 0; index < 10; index++) await outbox.user(`user-${index}`)
    const processes = await Promise.all(Array.from({ length: 6 }, () => outbox.process({ runsWritesTwice: false })))
    await Promise.all(processes.map((each) => outbox.deliverAll(each)))
    await outbox.deliverAll()
    const sent = outbox.receiver.received.map(({ id }) => id)
    expect(sent.length).toBe(10)
    expect(new Set(sent).size).toBe(10)
  })

  test('of several processes, none sends an event before an earlier one of the account has arrived', async () => {
    await using outbox = await start()
    const users = await Promise.all(['ada', 'bob'].map(outbox.user))
    for (const change of ['grant', 'revoke', 'grant', 'revoke'] as const)
      for (const user of users) await outbox.change(user, change)
    const running = new Map<string, number>()
    let most = 0
    outbox.receiver.answer = async ({ user }) => {
      running.set(user, (running.get(user) ?? 0) + 1)
      most = Math.max(most, running.get(user) ?? 0)
      await new Promise((resolve) => setImmediate(resolve))
      running.set(user, (running.get(user) ?? 0) - 1)
      return 204
    }
    const processes = await Promise.all(Array.from({ length: 4 }, () => outbox.process({ runsWritesTwice: false })))
    while ((await outbox.queue()).length > 0) await Promise.all(processes.map((each) => outbox.deliver(each)))
    expect(most).toBe(1)
    for (const user of users)
      expect(outbox.receiver.received.filter((each) => each.user === user).map(({ type }) => type)).toEqual([
        'user.created',
        'role.granted',
        'role.revoked',
        'role.granted',
        'role.revoked',
      ])
  })

  /** Makes every insert into a table fail until it is undone. */
  async function refuseInserts(target: string, table: string) {
    const isSqlite = engine === 'sqlite'
    if (isSqlite)
      await execute(
        target,
        `CREATE TRIGGER refused BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'refused'); END`,
      )
    else {
      await execute(
        target,
        `CREATE FUNCTION latchkey.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
      )
      await execute(
        target,
        `CREATE TRIGGER refused BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION latchkey.refuse()`,
      )
    }
    return {
      [Symbol.asyncDispose]: () =>
        execute(target, isSqlite ? 'DROP TRIGGER refused' : 'DROP FUNCTION latchkey.refuse() CASCADE'),
    }
  }

  test('a change whose event cannot be stored does not happen', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    {
      await using _ = await refuseInserts(outbox.target, engine === 'sqlite' ? 'events' : 'latchkey.events')
      const granting = outbox.deps.store.grantRole({ userId: ada, role: 'admin', now: outbox.clock.now() })
      expect(await granting.catch((error: Error) => error.message)).toContain('refused')
      expect(await outbox.deps.store.hasRole({ userId: ada, role: 'admin' })).toBe(false)
    }
    await outbox.change(ada, 'grant')
    expect(states(await outbox.events())).toEqual(['user.created pending 0', 'role.granted pending 0'])
  })

  test('a change that is rolled back leaves no event', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    const audit = [{ id: crypto.randomUUID(), payload: {}, createdAt: outbox.clock.now(), ipAddress: '' }]
    await using _ = await refuseInserts(
      outbox.target,
      engine === 'sqlite' ? 'audit_log_entries' : 'auth.audit_log_entries',
    )
    const deleting = outbox.deps.store.deleteUser({ id: ada, audit })
    expect(await deleting.catch((error: Error) => error.message)).toContain('refused')
    expect(await outbox.deps.store.findUser(ada)).toBeDefined()
    expect(states(await outbox.events())).toEqual(['user.created pending 0'])
  })

  test('a replayed event is sent with the same id, and one that is pending is left alone', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    await outbox.deliverAll()
    await outbox.change(ada, 'grant')
    const [created, granted] = await outbox.events()
    const ids = [created?.id ?? '', granted?.id ?? '']
    outbox.clock.advance(4 * DAY)
    outbox.receiver.answer = () => 500
    expect(await replayEvents(taskContext(outbox.deps), ids)).toBe(1)
    expect(states(await outbox.events())).toEqual(['user.created pending 0', 'role.granted pending 0'])
    await outbox.deliver()
    // It has three days again.
    expect(states(await outbox.events())[0]).toBe('user.created pending 1')
    outbox.receiver.answer = () => 204
    outbox.clock.advance(5 * SECOND)
    await outbox.deliverAll()
    expect(outbox.receiver.received.map(({ id }) => id)).toEqual([ids[0], ids[0], ids[0], ids[1]] as string[])
  })

  test('at a start, what an earlier process had claimed is due, unless other processes may be sending it', async () => {
    await using outbox = await start()
    await outbox.user('ada')
    const claim = { now: outbox.clock.now(), leaseMs: 60 * SECOND, longestWaitMs: HOUR, limit: 8 }
    await outbox.deps.store.claimEvents(claim)
    await releaseClaimedEvents(taskContext(outbox.deps))
    expect(await outbox.deliver()).toBe(engine === 'sqlite' ? 1 : 0)
  })

  test('a fault during an attempt counts as a failed one', async () => {
    await using outbox = await start()
    await outbox.user('ada')
    const broken = await outbox.process({
      post: () => {
        throw new TypeError('a fault')
      },
    })
    expect(await outbox.deliver(broken)).toBe(1)
    expect((await outbox.events())[0]).toMatchObject({ state: 'pending', attempts: 1, error: 'TypeError: a fault' })
  })

  test('with a receiver that fails at random, several processes deliver every event, and those of an account in order', async () => {
    await using outbox = await start()
    const { clock, receiver } = outbox
    // Reproducible: a linear congruential generator.
    let seed = 7
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed / 2_147_483_648
    }
    const accepted = new Map<string, string[]>()
    receiver.answer = ({ user, id }) => {
      if (random() < 0.4) return random() < 0.5 ? 500 : 'timed_out'
      const ids = accepted.get(user) ?? []
      accepted.set(user, [...ids, id])
      return 200
    }
    const processes = await Promise.all(Array.from({ length: 3 }, () => outbox.process({ runsWritesTwice: false })))
    const users: string[] = []
    for (let index = 0; index < 4; index++) users.push(await outbox.user(`user-${index}`))
    for (let round = 0; round < 200; round++) {
      if (round < 10) for (const user of users) await outbox.change(user, round % 2 === 0 ? 'grant' : 'revoke')
      await Promise.all(processes.map((each) => outbox.deliver(each)))
      clock.advance(Math.floor(random() * 60 * SECOND))
      if (round >= 10 && (await outbox.queue()).length === 0) break
    }
    const events = await outbox.events()
    expect(events.map(({ state }) => state)).toEqual(Array(44).fill('delivered'))
    for (const user of users)
      expect(accepted.get(user)).toEqual(events.filter(({ userId }) => userId === user).map(({ id }) => id))
  }, 60_000)

  test('an event that a wrong clock has delayed is sent', async () => {
    await using outbox = await start()
    await outbox.user('ada')
    outbox.clock.jump(-3 * DAY)
    expect(await outbox.nextInMs()).toBe(0)
    await outbox.deliverAll()
    expect(states(await outbox.events())).toEqual(['user.created delivered 1'])
  })

  test('finished events are deleted after their retention, pending ones are not', async () => {
    await using outbox = await start()
    const ada = await outbox.user('ada')
    await outbox.deliverAll()
    await outbox.change(ada, 'grant')
    outbox.clock.advance(7 * DAY)
    await sweep(taskContext(outbox.deps))
    expect((await outbox.events()).length).toBe(2)
    outbox.clock.advance(1)
    await sweep(taskContext(outbox.deps))
    expect(states(await outbox.events())).toEqual(['role.granted pending 0'])
    // Three days to be sent, and the retention.
    outbox.clock.advance(3 * DAY)
    await sweep(taskContext(outbox.deps))
    expect(await outbox.events()).toEqual([])
  })
})
