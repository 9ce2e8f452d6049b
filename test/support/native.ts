/** The surfaces below `/api/auth` over HTTP. */
import { expect } from 'bun:test'
import { PASSWORD, type RequestOptions, type TestApp } from './app'

export const ORIGIN = 'http://localhost:7020'
export const JSON_TYPE = { 'content-type': 'application/json' }

export const post = (app: TestApp, path: string, body?: object, asked: RequestOptions = {}) =>
  app.ask('POST', `/api/auth${path}`, {
    ...asked,
    ...(body && { body }),
    headers: { ...(body && JSON_TYPE), ...asked.headers },
  })
export const get = (app: TestApp, path: string, asked: RequestOptions = {}) => app.ask('GET', `/api/auth${path}`, asked)

export const mint = (app: TestApp, email: string, more: object = {}, asked: RequestOptions = {}) =>
  post(app, '/token', { grantType: 'password', email, password: PASSWORD, ...more }, asked)

export const login = (app: TestApp, email: string, more: object = {}, asked: RequestOptions = {}) =>
  post(app, '/login', { email, password: PASSWORD, ...more }, asked)

export async function minted(app: TestApp, email: string) {
  const { status, body } = await mint(app, email)
  expect(status).toBe(200)
  return body as { accessToken: string; refreshToken: string }
}

/** The `name=value` of the session cookie that a response sets. */
export const cookieOf = (headers: Headers): string => headers.get('set-cookie')?.split(';')[0] ?? ''
