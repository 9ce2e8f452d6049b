import { describe, expect, test } from 'bun:test'
import { lostResponses } from '../../../src/core/sessions/lost-responses'
import { testClock } from '../../support/fakes'
import { beforeNodes, startNodes } from '../../support/nodes'
import { hasPostgres, runOn } from '../../support/postgres'

beforeNodes()

const gone = AbortSignal.abort()

/** The lost responses of two servers, or of one that has them in memory. */
async function start(isShared: boolean) {
  const clock = testClock('2026-01-01T00:00:00Z')
  const group = isShared ? await startNodes() : undefined
  const one = lostResponses(clock, group?.nodes[0].store.shared?.lostResponses)
  const other = group ? lostResponses(clock, group.nodes[1].store.shared?.lostResponses) : one
  return { clock, group, one, other, [Symbol.asyncDispose]: async () => group?.[Symbol.asyncDispose]() }
}

/** Resolves once what was started before has been stored. */
const stored = async (isLost: () => Promise<boolean>) => {
  while (!(await isLost())) await Bun.sleep(1)
}

const isStored = async ({ group }: Awaited<ReturnType<typeof start>>) =>
  !group || (await runOn(group.database.url, 'SELECT FROM latchkey.lost_responses')).length > 0

describe.each([
  ['in memory', false],
  ['shared by two nodes', true],
] as const)('lost responses %s', (_, isShared) => {
  const it = test.skipIf(isShared && !hasPostgres)

  it('are returned once, at any node', async () => {
    await using server = await start(isShared)
    server.one.watch(gone, 'old', ['access', 'refresh'])
    await stored(() => isStored(server))
    expect(await server.other.take('another')).toBeUndefined()
    expect(await server.other.take('old')).toEqual(['access', 'refresh'])
    expect([await server.one.take('old'), await server.other.take('old')]).toEqual([undefined, undefined])
  })

  it('are those of clients that are gone before the response', async () => {
    await using server = await start(isShared)
    const client = new AbortController()
    server.one.watch(client.signal, 'old', ['new'])
    server.one.watch(undefined, 'other', ['new'])
    expect(await server.other.take('old')).toBeUndefined()
    client.abort()
    await stored(() => isStored(server))
    expect([await server.other.take('old'), await server.other.take('other')]).toEqual([['new'], undefined])
  })

  it('count for ten seconds, and the last one of a token counts', async () => {
    await using server = await start(isShared)
    server.one.watch(gone, 'old', ['first'])
    await stored(() => isStored(server))
    server.clock.advance(9999)
    expect(await server.other.take('old')).toEqual(['first'])
    server.one.watch(gone, 'old', ['second'])
    await stored(() => isStored(server))
    server.clock.advance(10_000)
    expect(await server.other.take('old')).toBeUndefined()
  })
})

test('a lost response that another server is storing is waited for, a moment', async () => {
  const clock = testClock('2026-01-01T00:00:00Z')
  const store = (answers: (string[] | undefined)[]) => ({ remember: async () => {}, take: async () => answers.shift() })
  expect(await lostResponses(clock, store([undefined, ['new']])).take('old')).toEqual(['new'])
  const answers = [undefined, undefined, ['late']]
  expect(await lostResponses(clock, store(answers)).take('old')).toBeUndefined()
  expect(answers).toEqual([['late']])
})

test.skipIf(!hasPostgres)('lost responses in a database are deleted if no client comes back', async () => {
  await using server = await start(true)
  server.one.watch(gone, 'old', ['new'])
  await stored(() => isStored(server))
  const { shared } = server.group?.nodes[1].store ?? {}
  expect(await shared?.removeExpired(server.clock.now() + 10_000)).toEqual({ budgets: 0, lostResponses: 0 })
  expect(await shared?.removeExpired(server.clock.now() + 10_001)).toEqual({ budgets: 0, lostResponses: 1 })
})
