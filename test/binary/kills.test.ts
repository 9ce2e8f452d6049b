import { expect, test } from 'bun:test'
import { hasPostgres } from '../support/postgres'
import { killRepeatedly } from './kills'

// The same with more kills: bun test/binary/kills.ts
test.skipIf(!hasPostgres)(
  'three nodes and their Postgres are killed under load: nothing acknowledged is lost, and nothing happens twice',
  async () => {
    const kills = { nodeKills: 3, postgresKills: 1 }
    const report = await killRepeatedly({ size: 3, ...kills, clients: 6, mailWaitMs: 0 })
    expect(report.violations).toEqual([])
    expect(report.refreshes).toBeGreaterThan(100)
    // One for each node that was sending it.
    expect(report.events).toBeGreaterThan(30)
    // Those that a node was sending, at most 32, when it or Postgres was killed.
    expect(report.duplicateEvents).toBeLessThanOrEqual(32 * (kills.nodeKills + 3 * kills.postgresKills))
    expect(report.duplicateMails).toBeLessThanOrEqual(kills.nodeKills + 3 * kills.postgresKills)
  },
  120_000,
)
