import { expect, test } from 'bun:test'
import { logUncaughtErrors } from '../../src/cli/shutdown'
import { createLog } from '../../src/http/log'

test('uncaught errors are logged in full up to a limit, and counted beyond it', () => {
  const lines: { msg: string; error?: string; count?: number }[] = []
  const write = (text: string) => void lines.push(JSON.parse(text))
  const log = createLog({ level: 'error', format: 'json', write, now: () => 0 })
  let now = 0
  const before = new Set(process.listeners('uncaughtException'))
  logUncaughtErrors(log, () => now)
  const added = process.listeners('uncaughtException').filter((listener) => !before.has(listener))
  const [report] = added as ((error: unknown) => void)[]
  try {
    for (let fault = 0; fault < 30; fault++) report?.(new Error(`fault ${fault}`))
    expect(lines).toHaveLength(20)
    expect(lines[0]).toMatchObject({ msg: 'unhandled error', error: 'Error: fault 0' })
    now = 60_000
    report?.('not even an error')
    expect(lines.slice(20)).toMatchObject([
      { msg: 'further unhandled errors', count: 10 },
      { msg: 'unhandled error', error: 'not even an error' },
    ])
  } finally {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      for (const listener of process.listeners(event))
        if (added.includes(listener as (typeof added)[0])) process.removeListener(event, listener)
  }
})
