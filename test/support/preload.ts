/** Before every test file: no network but loopback, one time zone, and nothing of the developer's environment. */
process.env.TZ = 'UTC'
process.env.NODE_ENV = 'production'
for (const name of Object.keys(process.env)) if (/^(AUTH|GOTRUE)_/.test(name)) delete process.env[name]

const { fetch } = globalThis
globalThis.fetch = Object.assign(
  (input: string | URL | Request, init?: RequestInit) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    if (!/^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)) throw new Error(`a test reached for ${hostname}`)
    return fetch(input, init)
  },
  { preconnect: fetch.preconnect },
)

export {}
