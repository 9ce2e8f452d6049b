/**
 * Other auth servers over HTTP (federation.md). Where the request goes was listed by the operator; still, a name must not
 * lead into the network behind this server, so the addresses that it stands for are looked at before one is connected to.
 */
import { lookup as lookUp } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { PeerAnswer, Peers } from '../core/ports'
import { isLoopback, isLoopbackHost, isPublic } from '../lib/ip'
import type { JsonObject } from '../lib/json'

const TIMEOUT_MS = 5000
const MAX_BYTES = 65_536

export interface PeerOptions {
  timeoutMs?: number
  /** Replaced in tests. */
  lookup?: typeof lookUp
}

export function httpPeers({ timeoutMs = TIMEOUT_MS, lookup = lookUp }: PeerOptions = {}): Peers {
  return {
    async ask({ url, method, token, body }) {
      const { protocol, hostname } = new URL(url)
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const options = {
        ...{ method, lookup: guarded(lookup, isLoopbackHost(hostname)), agent: false as const },
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(payload !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(payload),
          }),
        },
      }
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      const sent = (protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve)
      sent.on('error', reject)
      sent.end(payload)
      try {
        return await answerOf(await promise)
      } catch (error) {
        return { outcome: 'unavailable', error: error instanceof Error ? error.message : String(error) }
      } finally {
        sent.destroy()
      }
    },
  }
}

async function answerOf(response: IncomingMessage): Promise<PeerAnswer> {
  const status = response.statusCode ?? 0
  if (status < 200 || status >= 500 || (status >= 300 && status < 400))
    return { outcome: 'unavailable', error: `it answers ${status}` }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BYTES) return { outcome: 'unavailable', error: `it answers more than ${MAX_BYTES} bytes` }
    chunks.push(chunk)
  }
  const body = objectIn(Buffer.concat(chunks).toString())
  return body ? { outcome: 'answered', status, body } : { outcome: 'unavailable', error: 'it answers no JSON object' }
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Finds the addresses of a name, and gives none where one of them is not to be connected to. */
function guarded(lookup: typeof lookUp, isLocal: boolean): LookupFunction {
  return (hostname, options, done) =>
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      const isAllowed = addresses.every(({ address }) => (isLocal ? isLoopback(address) : isPublic(address)))
      if (!isAllowed || addresses[0] === undefined) return done(new Error('its name leads to a private address'), [])
      return options.all ? done(null, addresses) : done(null, addresses[0].address, addresses[0].family)
    })
}
