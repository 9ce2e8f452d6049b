/** Accounts at a Synapse homeserver, by its shared-secret registration (its Admin API, `/_synapse/admin/v1/register`). */
import { createHmac, randomBytes } from 'node:crypto'
import type { Provisioned, Provisioner } from '../core/ports'
import { type BoundedFetch, boundedFetch } from './bounded-fetch'

/** A homeserver under load takes its time, and one that was broken off may have made the account. */
const TIMEOUT_MS = 20_000

export interface SynapseOptions {
  /** Base URL of the homeserver. */
  adminUrl: string
  /** Its `registration_shared_secret`. */
  secret: string
  /** For both requests of a registration together. */
  timeoutMs?: number
}

export function synapse({ adminUrl, secret, timeoutMs = TIMEOUT_MS }: SynapseOptions): Provisioner {
  const url = `${adminUrl.replace(/\/+$/, '')}/_synapse/admin/v1/register`
  return {
    async register({ localpart, displayName }) {
      const endsAt = performance.now() + timeoutMs
      const ask: BoundedFetch = (...request) => boundedFetch(Math.max(1, endsAt - performance.now()))(...request)
      try {
        const { nonce } = await objectOf(await ask(url))
        if (typeof nonce !== 'string' || nonce === '') return unavailable('the homeserver gives no nonce')
        const password = randomBytes(32).toString('base64url')
        const response = await ask(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            ...{ nonce, username: localpart, password, admin: false, inhibit_login: true },
            ...(displayName !== '' && { displayname: displayName }),
            mac: registrationMac(secret, { nonce, username: localpart, password }),
          }),
        })
        return outcomeOf(localpart, response.status, await objectOf(response))
      } catch (error) {
        return unavailable(error instanceof Error ? error.message : String(error))
      }
    },
  }
}

/** Hex HMAC-SHA-1 over nonce, user, password and `notadmin`, with NUL between them. */
export function registrationMac(
  secret: string,
  { nonce, username, password }: { nonce: string; username: string; password: string },
): string {
  return createHmac('sha1', secret).update([nonce, username, password, 'notadmin'].join('\0')).digest('hex')
}

function outcomeOf(localpart: string, status: number, answer: Record<string, unknown>): Provisioned {
  const { user_id: matrixUserId, errcode } = answer
  if (errcode === 'M_USER_IN_USE') return { outcome: 'taken' }
  if (status !== 200)
    return unavailable(`the homeserver answers ${status} ${typeof errcode === 'string' ? errcode : ''}`.trim())
  const isOurs = typeof matrixUserId === 'string' && matrixUserId.startsWith(`@${localpart}:`)
  return isOurs && matrixUserId.length <= 255
    ? { outcome: 'made', matrixUserId }
    : unavailable('the homeserver names no user')
}

async function objectOf(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = await response.json()
  if (typeof value !== 'object' || value === null) throw new Error('the homeserver answers no JSON object')
  return value as Record<string, unknown>
}

const unavailable = (error: string): Provisioned => ({ outcome: 'unavailable', error: error.slice(0, 200) })
