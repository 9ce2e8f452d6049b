/** Finds the running server of some data, and asks it for what only its memory knows. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { storedSecrets } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { databaseTarget, keyringOf, serverIdOf } from '../compose/keys'
import { policyOf } from '../compose/policy'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { operatorToken } from '../core/tokens/operator-token'
import { SERVER_ID } from '../http/server-id'
import { isLocked } from '../store/database'
import { listenerUrl } from './addresses'
import { secretsFor } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { requireSettings } from './settings'

/** For questions that every server answers at once. */
export const HEALTH_TIMEOUT_MS = 3000
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

/** `isStopped`: no server answers there, and none uses the data. */
type Running = { version: string } | { version?: undefined; reason: string; isStopped: boolean }

/** Whether the server of this data answers at the port of the settings. On SQLite, it also holds the lock of the folder. */
export async function runningServer(settings: Settings): Promise<Running> {
  const url = listenerUrl(settings.server)
  const found = await serverAt(url)
  const folder = resolve(settings.server.dataDir)
  const isInUse = isOnPostgres(settings) || isLocked(folder)
  const problem = found && otherServerProblem(settings, url, found)
  if (problem !== undefined) return { reason: problem, isStopped: false }
  if (found && isInUse) return { version: found.version }
  if (found) return { reason: `the server at ${url} uses other data than ${folder}`, isStopped: false }
  if (isOnPostgres(settings) || !isInUse) return { reason: `no server answers at ${url}`, isStopped: true }
  return {
    reason: `a server uses ${folder}, but does not answer at ${url}; name its port with --port <port>`,
    isStopped: false,
  }
}

/**
 * The problem if a health check was answered by the server of other data. A server of a version without ids counts as
 * the right one, as does any server if this user may not read the secrets.
 * @param url that was asked, without the path
 */
export function otherServerProblem(settings: Settings, url: string, { headers }: Pick<Response, 'headers'>) {
  const id = headers.get(SERVER_ID)
  const expected = expectedServerId(settings)
  if (id === null || expected === undefined || id === expected) return undefined
  const difference = isOnPostgres(settings)
    ? 'has another encryption key than these settings'
    : `uses other data than ${resolve(settings.server.dataDir)}`
  return `another Latchkey answers at ${url}: it ${difference}`
}

/** Undefined if there is no data, or this user may not read its secrets. */
function expectedServerId(settings: Settings): string | undefined {
  const { encryptionKey } = settings.tokens
  if (encryptionKey) return serverIdOf(settings, { encryptionKey: '' })
  try {
    const folder = resolve(settings.server.dataDir)
    const secrets = storedSecrets(folder, databaseTarget(settings, folder))
    return secrets && serverIdOf(settings, secrets)
  } catch {
    return undefined
  }
}

/** Version and headers of a Latchkey server; undefined if none answers. */
async function serverAt(url: string): Promise<{ version: string; headers: Headers } | undefined> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) })
    const { version } = (await answer.json()) as { version?: unknown }
    return typeof version === 'string' ? { version, headers: answer.headers } : undefined
  } catch {
    return undefined
  }
}
