import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupProcess, backupSchedule, type ScheduleOptions } from '../../src/compose/backup-schedule'
import { load } from '../../src/config/load'
import { createLog } from '../../src/http/log'
import type { Json } from '../support/app'
import { testClock } from '../support/fakes'
import { removeFolder } from '../support/remove-folder'

const root = mkdtempSync(join(tmpdir(), 'latchkey-schedule-'))
afterAll(() => removeFolder(root))

/** A schedule whose log can be waited for. */
function started(
  done: () => Promise<{ name: string; bytes: number }>,
  prepare: (folder: string) => void = () => {},
  store: ScheduleOptions['store'] = {},
) {
  const folder = mkdtempSync(join(root, 'backups-'))
  prepare(folder)
  const { settings } = load({ set: { AUTH_BACKUP_FOLDER: folder } })
  const { promise: logged, resolve } = Promise.withResolvers<Json>()
  const log = createLog({ level: 'info', format: 'json', write: (line) => resolve(JSON.parse(line)), now: () => 0 })
  const stopped: string[] = []
  let starts = 0
  const start = (): BackupProcess => {
    starts++
    return { done, stop: async () => void stopped.push('stopped') }
  }
  const clock = testClock('2026-03-02T00:00:00Z')
  const schedule = backupSchedule({ settings, log, clock, store, start })
  if (!schedule) throw new Error('no schedule')
  return { schedule, logged, stopped, clock, starts: () => starts }
}

test('without a backup, one is made at once, and its age is known', async () => {
  const { schedule, logged, clock } = started(async () => ({ name: 'a', bytes: 1 }))
  expect(await logged).toMatchObject({ level: 'info', msg: 'made and verified a backup', name: 'a', bytes: 1 })
  expect(schedule.status()).toEqual({ lastGoodAt: clock.now(), lastError: undefined })
  await schedule.stop()
})

test('a failure is an error in the log, and the older backup still counts', async () => {
  const { schedule, logged } = started(
    async () => {
      throw new Error('the disk is full')
    },
    (folder) => writeFileSync(join(folder, 'latchkey-20260227T000000Z.backup'), ''),
  )
  expect(await logged).toMatchObject({ level: 'error', msg: 'the backup failed', error: 'the disk is full' })
  expect(schedule.status()).toEqual({ lastGoodAt: Date.parse('2026-02-27T00:00:00Z'), lastError: 'the disk is full' })
  await schedule.stop()
})

test('a recent backup is enough', async () => {
  const { schedule, starts } = started(
    async () => ({ name: 'a', bytes: 1 }),
    (folder) => writeFileSync(join(folder, 'latchkey-20260301T120000Z.backup'), ''),
  )
  await schedule.stop()
  expect(starts()).toBe(0)
})

test('a running backup ends with the server, without an error in the log', async () => {
  const { promise: done, reject } = Promise.withResolvers<never>()
  const { schedule, stopped, starts } = started(() => done)
  while (starts() === 0) await Promise.resolve().then(() => new Promise(setImmediate))
  const end = schedule.stop()
  reject(new Error('ended by a signal'))
  await end
  expect(stopped).toEqual(['stopped'])
  expect(schedule.status().lastError).toBeUndefined()
})

test('a server that stops while it asks whether it is its turn begins no backup', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<{ waitMs: number }>()
  const take = () => {
    asked.resolve()
    return answer.promise
  }
  const shared = { budgets: () => ({ window: () => ({ take }) }) }
  const { schedule, starts } = started(
    async () => ({ name: 'a', bytes: 1 }),
    () => {},
    { shared } as unknown as ScheduleOptions['store'],
  )
  await asked.promise
  const end = schedule.stop()
  answer.resolve({ waitMs: 0 })
  await end
  expect(starts()).toBe(0)
})

test('without a place for backups, there is no schedule', () => {
  const log = createLog({ level: 'off', format: 'json', write: () => {}, now: () => 0 })
  const start = () => {
    throw new Error('must not be called')
  }
  const options = { log, clock: testClock('2026-03-02T00:00:00Z'), store: {}, start }
  expect(backupSchedule({ settings: load({ set: {} }).settings, ...options })).toBeUndefined()
})
