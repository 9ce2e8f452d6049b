import { expect, test } from 'bun:test'
import { load } from '../../src/config/load'

const idle = (set: Record<string, string>) => load({ set }).settings.server.idleTimeoutMs
const errors = (value: string) =>
  load({ set: { AUTH_IDLE_TIMEOUT: value } }).problems.filter(({ severity }) => severity === 'error')

test('by default, idle connections outlast the 60 s timeout of proxies', () => {
  expect(idle({})).toBe(75_000)
  expect(idle({ AUTH_IDLE_TIMEOUT: '2m' })).toBe(120_000)
  expect(errors('4s')).toMatchObject([{ message: expect.stringContaining('at least 5s') }])
  expect(errors('5m')).toMatchObject([{ message: expect.stringContaining('at most 255s') }])
})
