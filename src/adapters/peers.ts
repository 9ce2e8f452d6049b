/**
 * Other auth servers over HTTP (docs/other-surfaces.md#federation). The operator listed every destination; even so, the
 * name of a remote server must not resolve to an address inside this server's network.
 */
import type { PeerResult, Peers } from '../core/kernel/ports'
import { canonicalJson, isJsonObject, type JsonObject } from '../lib/json'
import { boundedFetch } from './bounded-fetch'
import { type Lookup, publicFetch } from './public-fetch'

const TIMEOUT_MS = 5000
const MAX_BYTES = 65_536

export interface PeerOptions {
  /** Listed hosts on this machine, with their port: they may be private and http. */
  localHosts: readonly string[]
  timeoutMs?: number
  /** Replaced in tests. */
  lookup?: Lookup
}

export function httpPeers({ localHosts, timeoutMs = TIMEOUT_MS, ...replaced }: PeerOptions): Peers {
  const ask = boundedFetch(timeoutMs, publicFetch({ internalHosts: localHosts, ...replaced }), MAX_BYTES)
  return {
    async ask({ url, method, token, body }) {
      const headers = {
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      }
      try {
        return await answerOf(await ask(url, { method, headers, ...(body && { body: JSON.stringify(body) }) }))
      } catch (error) {
        return { outcome: 'unavailable', error: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

async function answerOf(response: Response): Promise<PeerResult> {
  const { status } = response
  if (!response.ok && (status < 400 || status >= 500)) return unavailable(`it responded with ${status}`)
  const body = parseObject(await response.text())
  return body ? { outcome: 'answered', status, body } : unavailable('its response is not a JSON object')
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const result = canonicalJson(JSON.parse(text))
    const value = 'kept' in result ? result.kept : undefined
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const unavailable = (error: string): PeerResult => ({ outcome: 'unavailable', error })
