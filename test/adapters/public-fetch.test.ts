/** Requests to URLs that users or administrators chose, over real TLS. */
import { expect, test } from 'bun:test'
import { type Lookup, publicFetch } from '../../src/adapters/public-fetch'

const PUBLIC = '93.184.215.14'

/** Self-signed, for id.example.com, made for this test alone. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBozCCAUqgAwIBAgIUWpbS71IWa6CPWGLdZqdV5u9Eo90wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOaWQuZXhhbXBsZS5jb20wIBcNMjYxMTI3MDUwMTU4WhgPMjEy
NjExMDMwNTAxNThaMBkxFzAVBgNVBAMMDmlkLmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEV8kjH2BBuffk9XGoiEa0sYPWAYZXLRSM3QXckngf
bI2JAGLdCTDpoOKmzsRnCMPhwWOWoMl5FYuGKKS7/crsnaNuMGwwHQYDVR0OBBYE
FFTr8OsruXYZWvxE+0sJ4VmzFKaGMB8GA1UdIwQYMBaAFFTr8OsruXYZWvxE+0sJ
4VmzFKaGMA8GA1UdEwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOaWQuZXhhbXBsZS5j
b20wCgYIKoZIzj0EAwIDRwAwRAIgf3nQaJGCirBrKCmzhEekg7M3Y+gU8/yvmIjJ
HS0AHu8CIFf55mEofEZZEZ4rnzMCc5++wYdYjHrsX+8Yqi184/zk
-----END CERTIFICATE-----`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNV++j0a7QdimtCrG
zaSiRkFxrNE1ZnUiLVPyyVekLs+hRANCAARXySMfYEG59+T1caiIRrSxg9YBhlct
FIzdBdySeB9sjYkAYt0JMOmg4qbOxGcIw+HBY5agyXkVi4YopLv9yuyd
-----END PRIVATE KEY-----`

interface Meant {
  host: string
  address: string
}

/** A server that echoes requests, and a lookup that gives it a public address. */
function world(lookup: Lookup = async () => [PUBLIC]) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { cert: CERTIFICATE, key: KEY },
    fetch: (request) => Response.json({ host: request.headers.get('host'), path: new URL(request.url).pathname }),
  })
  const meant: Meant[] = []
  const guarded = publicFetch({
    internalHosts: [],
    lookup,
    fetch: (async (input: URL, init: RequestInit & { tls?: object }) => {
      meant.push({ host: new Headers(init.headers).get('host') ?? '', address: input.hostname })
      const url = new URL(input)
      url.host = `127.0.0.1:${server.port}`
      return fetch(url, { ...init, tls: { ...init.tls, ca: CERTIFICATE } })
    }) as typeof fetch,
  })
  return { guarded, meant, [Symbol.dispose]: () => void server.stop(true) }
}

test('the request goes to the address that was checked, with the host name kept', async () => {
  using made = world()
  const response = await made.guarded('https://id.example.com/keys', { headers: { accept: 'application/json' } })
  expect(await response.json()).toEqual({ host: 'id.example.com', path: '/keys' })
  expect(made.meant).toEqual([{ host: 'id.example.com', address: PUBLIC }])
})

test('the certificate must be for the requested name, even if another name has the same address', async () => {
  using made = world()
  expect((await made.guarded('https://id.example.com/')).status).toBe(200)
  const other = made.guarded('https://other.example.com/')
  expect(await other.catch(({ code }: { code: string }) => code)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})

test('a DNS lookup that takes too long is abandoned', async () => {
  using made = world(() => new Promise(() => {}))
  const controller = new AbortController()
  const asked = made.guarded('https://id.example.com/', { signal: controller.signal })
  controller.abort(new Error('enough'))
  expect(await asked.catch((error: Error) => error.message)).toBe('enough')
  expect(made.meant).toEqual([])
})

test('an unknown host name is reported as such', async () => {
  using made = world(() => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })))
  const message = await made.guarded('https://id.example.com/').catch((error: Error) => error.message)
  expect(message).toBe('id.example.com cannot be resolved: ENOTFOUND')
})

test('threat T51: addresses that are not public, and URLs that are not https, are not requested', async () => {
  using made = world(async () => ['10.0.0.1'])
  const message = (url: string) => made.guarded(url).catch((error: Error) => error.message)
  expect(await message('https://id.example.com/')).toBe('id.example.com is not public')
  expect(await message('http://id.example.com/')).toBe('id.example.com is insecure')
  expect(await message('https://169.254.169.254/latest')).toBe('169.254.169.254 is not public')
  expect(await message('https://user:password@id.example.com/')).toBe('id.example.com is malformed')
  expect(made.meant).toEqual([])
})
