/** Asks the running server, for what only its memory knows. */
import type { Command } from 'commander'
import { systemClock } from '../adapters/system'
import { keyringOf } from '../compose/keys'
import { policyOf } from '../compose/policy'
import { operatorToken } from '../core/tokens/operator-token'
import { listenerUrl } from './addresses'
import { secretsFor } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { requireSettings } from './settings'
import { runningServer } from './status'

const TIMEOUT_MS = 10_000

export type Ask = (method: 'GET' | 'DELETE', path: string) => Promise<unknown>

/** @returns calls the admin API @throws if no server with the same data answers */
export async function requireServer(command: Command): Promise<Ask> {
  const { settings } = requireSettings(command)
  const { secrets } = await exitOnError(() => secretsFor(command, settings))
  const keyring = await exitOnError(() => keyringOf(settings, secrets))
  const running = await runningServer(settings)
  if (running.version === undefined) fail(running.reason, EXIT.notRunning)
  const url = `${listenerUrl(settings.server)}/auth/v1/admin`
  return async (method, path) => {
    const token = await operatorToken(keyring, policyOf(settings).adminRoles, systemClock.now())
    const answer = await exitOnError(() =>
      fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'x-supabase-api-version': '2024-01-01' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }),
    )
    const text = await answer.text()
    if (answer.ok) return text === '' ? undefined : JSON.parse(text)
    return fail(`${url}${path} answered ${answer.status}: ${text.slice(0, 500)}`)
  }
}
