/** A stand-in for hCaptcha and Turnstile, and a client that solves proofs of work. */
import { createHash } from 'node:crypto'
import type { TestApp } from './app'

export const SECRET = 'the-secret-key-of-the-site'

export interface FakeVerifier extends AsyncDisposable {
  origin: string
  /** The forms sent so far, with their path. */
  asked: { path: string; form: Record<string, string> }[]
}

/** What it answers to each token; any other token is refused. */
const ANSWERS: Record<string, () => Response | Promise<Response>> = {
  good: () => Response.json({ success: true, hostname: 'elsewhere.example', 'error-codes': [] }),
  'good, with an unusual status': () => Response.json({ success: true }, { status: 500 }),
  'refused twice': () => Response.json({ success: false, 'error-codes': ['timeout-or-duplicate', 'bad-request'] }),
  'refused without codes': () => Response.json({ success: false }),
  'wrong secret': () => Response.json({ success: false, 'error-codes': ['invalid-input-secret'] }),
  null: () => Response.json(null),
  'not JSON': () => new Response('<h1>Down for maintenance</h1>', { headers: { 'content-type': 'text/html' } }),
  'not an object': () => Response.json([true]),
  'not a boolean': () => Response.json({ success: 'true' }),
  redirect: () => Response.json({ success: true }, { status: 302, headers: { location: '/good' } }),
  'too large': () => Response.json({ success: true, padding: 'x'.repeat(100_000) }),
  slow: () => new Promise(() => {}),
}

export function startVerifier(): FakeVerifier {
  const asked: FakeVerifier['asked'] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const form = Object.fromEntries(new URLSearchParams(await request.text()))
      asked.push({ path: `${request.method} ${new URL(request.url).pathname}`, form })
      const answer = ANSWERS[form.response ?? '']
      return answer?.() ?? Response.json({ success: false, 'error-codes': ['invalid-input-response'] })
    },
  })
  return {
    origin: `http://127.0.0.1:${server.port}`,
    asked,
    [Symbol.asyncDispose]: async () => void (await server.stop(true)),
  }
}

/** Solves a challenge as docs/captcha.md describes it. @returns the token */
export function solve(challenge: string, difficulty: number): string {
  const [id] = challenge.split('.')
  for (let number = 0; ; number++) if (zeroBits(`${id}.${number}`) >= difficulty) return `${challenge}.${number}`
}

/** A number that does not solve it. */
export function fail(challenge: string, difficulty: number): string {
  const [id] = challenge.split('.')
  for (let number = 0; ; number++) if (zeroBits(`${id}.${number}`) < difficulty) return `${challenge}.${number}`
}

/** Leading zero bits of a digest, up to 32. */
const zeroBits = (text: string): number => Math.clz32(createHash('sha256').update(text).digest().readUInt32BE())

export const POW = {
  AUTH_SECURITY_CAPTCHA_ENABLED: 'true',
  AUTH_SECURITY_CAPTCHA_PROVIDER: 'pow',
  AUTH_SECURITY_CAPTCHA_DIFFICULTY: '4',
}

export async function challengeFor(app: TestApp, action: string): Promise<{ challenge: string; difficulty: number }> {
  const { body } = await app.ask('GET', `/auth/v1/captcha/challenge?action=${action}`)
  return body
}

/** A token that is good for one request. */
export async function tokenFor(app: TestApp, action: string): Promise<string> {
  const { challenge, difficulty } = await challengeFor(app, action)
  return solve(challenge, difficulty)
}
