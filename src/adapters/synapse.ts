/** Accounts on a Synapse homeserver, by shared-secret registration (`/_synapse/admin/v1/register`). */
import { createHmac } from 'node:crypto'
import type { Provisioner, ProvisionResult } from '../core/kernel/ports'
import { type BoundedFetch, boundedFetch } from './bounded-fetch'

/** A homeserver under load is slow, and an aborted request may have created the account. */
const TIMEOUT_MS = 20_000

export interface SynapseOptions {
  /** Base URL of the homeserver. */
  adminUrl: string
  /** The homeserver's `registration_shared_secret`. */
  secret: string
  /** For both requests of a registration together. */
  timeoutMs?: number
}

export function synapse({ adminUrl, secret, timeoutMs = TIMEOUT_MS }: SynapseOptions): Provisioner {
  const base = adminUrl.replace(/\/+$/, '')
  const url = `${base}/_synapse/admin/v1/register`
  return {
    async register({ localpart, displayName, password }) {
      const endsAt = performance.now() + timeoutMs
      const ask: BoundedFetch = (...request) => boundedFetch(Math.max(1, endsAt - performance.now()))(...request)
      try {
        const { nonce } = await objectOf(await ask(url))
        if (typeof nonce !== 'string' || nonce === '') return unavailable('the homeserver returned no nonce')
        const response = await ask(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            nonce,
            username: localpart,
            password,
            admin: false,
            inhibit_login: true,
            ...(displayName !== '' && { displayname: displayName }),
            mac: registrationMac(secret, { nonce, username: localpart, password }),
          }),
        })
        const outcome = outcomeOf(localpart, response.status, await objectOf(response))
        return outcome.outcome === 'taken' ? await verifyExistingAccount(ask, base, { localpart, password }) : outcome
      } catch (error) {
        return unavailable(error instanceof Error ? error.message : String(error))
      }
    },
  }
}

/**
 * Whether an existing account was created by an earlier attempt: then it has the generated password, which is known
 * only here. The session of this check is ended again.
 */
async function verifyExistingAccount(
  ask: BoundedFetch,
  base: string,
  { localpart, password }: { localpart: string; password: string },
): Promise<ProvisionResult> {
  const client = `${base}/_matrix/client/v3`
  const headers = { 'content-type': 'application/json' }
  const identifier = { type: 'm.id.user', user: localpart }
  const body = JSON.stringify({ type: 'm.login.password', identifier, password })
  const response = await ask(`${client}/login`, { method: 'POST', headers, body })
  if (response.status === 403) return { outcome: 'taken' }
  const answer = await objectOf(response)
  const found = outcomeOf(localpart, response.status, answer)
  if (found.outcome === 'made' && typeof answer.access_token === 'string') {
    const authorization = `Bearer ${answer.access_token}`
    // A failed logout does not change the result.
    await ask(`${client}/logout`, { method: 'POST', headers: { ...headers, authorization }, body: '{}' }).catch(
      () => {},
    )
  }
  return found
}

/** Hex HMAC-SHA-1 over nonce, user, password and `notadmin`, with NUL between them. */
export function registrationMac(
  secret: string,
  { nonce, username, password }: { nonce: string; username: string; password: string },
): string {
  return createHmac('sha1', secret).update([nonce, username, password, 'notadmin'].join('\0')).digest('hex')
}

function outcomeOf(localpart: string, status: number, answer: Record<string, unknown>): ProvisionResult {
  const { user_id: matrixUserId, errcode } = answer
  if (errcode === 'M_USER_IN_USE') return { outcome: 'taken' }
  if (status !== 200)
    return unavailable(`the homeserver responded with ${status} ${typeof errcode === 'string' ? errcode : ''}`.trim())
  const isOurs = typeof matrixUserId === 'string' && matrixUserId.startsWith(`@${localpart}:`)
  return isOurs && matrixUserId.length <= 255
    ? { outcome: 'made', matrixUserId }
    : unavailable('the homeserver returned no user id')
}

async function objectOf(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = await response.json()
  if (typeof value !== 'object' || value === null)
    throw new Error('the response of the homeserver is not a JSON object')
  return value as Record<string, unknown>
}

const unavailable = (error: string): ProvisionResult => ({ outcome: 'unavailable', error: error.slice(0, 200) })
