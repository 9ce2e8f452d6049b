/** The script that solves proofs of work, run as a page without workers would. */
import { expect, test } from 'bun:test'
import { createContext, runInContext } from 'node:vm'
import { startApp } from '../support/app'
import { POW } from '../support/captcha'

test('the script is small, cacheable, and may be included by pages of other origins', async () => {
  await using app = await startApp({ settings: POW })
  for (const path of ['/auth/v1/captcha/pow.js', '/captcha/pow.js']) {
    const { status, headers, text } = await app.ask('GET', path, { headers: { origin: 'https://app.example.com' } })
    expect([status, headers.get('content-type'), headers.get('cross-origin-resource-policy')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      'cross-origin',
    ])
    expect(headers.get('cache-control')).toBe('public, max-age=3600')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(Buffer.byteLength(text)).toBeLessThan(5000)
    expect(text).not.toMatch(/https?:/)
  }
})

test('it solves a challenge of its own server, in slices where there is no worker', async () => {
  await using app = await startApp({ settings: { ...POW, AUTH_SECURITY_CAPTCHA_DIFFICULTY: '15' } })
  const { text } = await app.ask('GET', '/auth/v1/captcha/pow.js')
  const asked: string[] = []
  const page = createContext({
    URL,
    Blob,
    setTimeout,
    latchkey: { other: 1 },
    document: { currentScript: { src: 'https://auth.example.com/auth/v1/captcha/pow.js?v=1' } },
    async fetch(url: URL) {
      asked.push(url.href)
      const { status, body } = await app.ask('GET', url.pathname + url.search)
      return { ok: status === 200, json: async () => ({ ...body, msg: body.message }) }
    },
  })
  runInContext(text, page)
  const token = (await runInContext("latchkey.solveCaptcha('sign_in')", page)) as string
  expect(asked).toEqual(['https://auth.example.com/auth/v1/captcha/challenge?action=sign_in'])
  const signIn = await app.ask('POST', '/auth/v1/token', { body: { gotrue_meta_security: { captcha_token: token } } })
  expect(signIn.body.message).toBe('unsupported_grant_type')
  expect(runInContext('latchkey.other', page)).toBe(1)
  await expect(runInContext("latchkey.solveCaptcha('a&b')", page)).rejects.toThrow('action must be one of sign_up,')
})
