/** Every error code has a page in docs/errors, with the statuses and messages that are really answered. */
import { afterAll, describe, expect, test } from 'bun:test'
import { cpSync, mkdtempSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answersByCode, WITHOUT_CODE } from '../../scripts/docs/error-codes'
import { ERRORS, errorPageProblems, printErrorPages } from '../../scripts/docs/error-pages'
import { allSettings } from '../../src/config'
import { type Json, startApp, type TestApp } from '../support/app'
import { removeFolder } from '../support/remove-folder'

const ROOT = join(import.meta.dir, '..', '..')
const CODES = [...answersByCode().keys()].filter((code) => code !== WITHOUT_CODE)
const pageOf = (code: string) => readFileSync(join(ROOT, ERRORS, `${code}.md`), 'utf8')

test('every code has a page and a line in the index, and every page a code', () => {
  expect(CODES.length).toBeGreaterThan(100)
  expect(errorPageProblems(ROOT)).toEqual([])
})

test('the pages and the index are what the code generates', () => {
  for (const [path, text] of Object.entries(printErrorPages(ROOT)))
    expect([path, readFileSync(join(ROOT, path), 'utf8')]).toEqual([path, text])
})

describe('a set of pages that does not match', () => {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-errors-'))
  cpSync(join(ROOT, ERRORS), join(root, ERRORS), { recursive: true })
  afterAll(() => removeFolder(root))

  test('is reported, in both directions', () => {
    unlinkSync(join(root, ERRORS, 'otp_expired.md'))
    writeFileSync(join(root, ERRORS, 'no_such_code.md'), '# `no_such_code`\n')
    expect(errorPageProblems(root)).toEqual([
      `otp_expired has no page in ${ERRORS}`,
      'no API answers the code of no_such_code.md',
    ])
  })

  test('gets the answers of its code in place of others', () => {
    const path = join(root, ERRORS, 'user_banned.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace('User is banned', 'Go away'))
    expect(printErrorPages(root)[`${ERRORS}/user_banned.md`]).toBe(pageOf('user_banned'))
  })
})

const settings = new Set(allSettings.flatMap((setting) => [...setting.names, setting.family ?? '']))
const { paths }: Json = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8'))

/** The APIs that an endpoint belongs to: of `/auth/v1/logout` there are two. */
function apisOf(method: string, path: string): string[] {
  if (path === '/auth/v1/logout') return ['`/auth/v1`', 'federation']
  const [tag] = paths[path][method.toLowerCase()].tags
  return [tag === 'Federation' ? 'federation' : path.startsWith('/api/auth') ? '`/api/auth`' : '`/auth/v1`']
}

test.each(CODES)('the page of %s says where, why, and what to do, with endpoints and settings that exist', (code) => {
  const page = pageOf(code)
  expect(page.split('\n')[0]).toBe(`# \`${code}\``)
  expect(page).toMatch(/<!-- end of answers -->\n\nReturned by [^\n]/)
  expect(page).toMatch(/\n## Causes\n\n- /)
  expect(page).toMatch(/\n## What your application can do\n\n\S/)
  const named = page.match(/\bAUTH_[A-Z0-9_<>]+/g) ?? []
  expect(named.filter((name) => !settings.has(name) && !name.endsWith('_'))).toEqual([])
  const endpoints = [...page.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/(?:auth|api)\/[^`]+)`/g)]
  const unknown = endpoints.filter(([, method = '', path = '']) => !paths[path]?.[method.toLowerCase()])
  expect(unknown.map(([text]) => text)).toEqual([])
  const answering = /Returned by [\s\S]*?\.\n\n/.exec(page)?.[0] ?? ''
  const foreign = endpoints.filter(
    ([text, method = '', path = '']) =>
      answering.includes(text) && !apisOf(method, path).some((api) => page.includes(`\n| ${api} |`)),
  )
  expect(foreign.map(([text]) => text)).toEqual([])
})

type Asked = [
  method: string,
  path: string,
  body: unknown,
  code: (body: Json) => string,
  message: (body: Json) => string,
]
const gotrue = [(body: Json) => body.code, (body: Json) => body.message] as const
const service = [(body: Json) => body.error, (body: Json) => body.message] as const
const federated = [(body: Json) => body.reason, (body: Json) => body.message] as const

const REFUSED: Asked[] = [
  ['POST', '/auth/v1/token?grant_type=password', { email: 'a@example.com', password: 'x' }, ...gotrue],
  ['POST', '/auth/v1/token?grant_type=refresh_token', { refresh_token: 'aaaaaaaaaaaa' }, ...gotrue],
  ['POST', '/auth/v1/signup', {}, ...gotrue],
  ['POST', '/auth/v1/verify', { type: 'email', email: 'a@example.com', token: '123456' }, ...gotrue],
  ['GET', '/auth/v1/user', undefined, ...gotrue],
  ['GET', '/auth/v1/sso', undefined, ...gotrue],
  ['POST', '/auth/v1/otp', { email: 'a@example.com', create_user: false }, ...gotrue],
  ['POST', '/api/auth/login', { email: 'a@example.com', password: 'x' }, ...service],
  ['POST', '/api/auth/login', { email: 1 }, ...service],
  ['POST', '/api/auth/magic-link/verify', { token: 'dead' }, ...service],
  ['GET', '/api/auth/nope', undefined, ...service],
  ['GET', '/api/auth/login', undefined, ...service],
  ['POST', '/auth/v1/login', { id: 'ada', password: 'x' }, ...federated],
  ['POST', '/auth/v1/login', { id: 'ada', password: 'x', server: 'elsewhere' }, ...federated],
  ['GET', '/auth/v1/me', undefined, ...federated],
  ['GET', '/auth/v1/login', undefined, ...federated],
]

test.each(REFUSED)('what %s %s answers is on the page of its code', async (method, path, body, codeIn, messageIn) => {
  await using app: TestApp = await startApp()
  const answer = await app.ask(method, path, { body })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  const message = messageIn(answer.body).replace(/GET|POST|DELETE/g, '…')
  expect(pageOf(codeIn(answer.body))).toContain(`| ${answer.status} | ${message} |`)
})
