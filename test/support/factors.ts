/** Second factors over HTTP. */
import { expect } from 'bun:test'
import type { Reply, RequestOptions, TestApp } from './app'
import { codeAt } from './totp'

/** The period of TOTP codes. */
const STEP_MS = 30_000

export interface Enrolled {
  id: string
  secret: string
}

export const enrol = (app: TestApp, token: string, body: object = {}, asked: RequestOptions = {}) =>
  app.ask('POST', '/auth/v1/factors', { token, body: { factor_type: 'totp', ...body }, ...asked })
export const challenge = (app: TestApp, token: string, id: string, asked: RequestOptions = {}) =>
  app.ask('POST', `/auth/v1/factors/${id}/challenge`, { token, body: {}, ...asked })
export const verify = (app: TestApp, token: string, id: string, body: object, asked: RequestOptions = {}) =>
  app.ask('POST', `/auth/v1/factors/${id}/verify`, { token, body, ...asked })
export const unenrol = (app: TestApp, token: string, id: string) =>
  app.ask('DELETE', `/auth/v1/factors/${id}`, { token })
export const refusal = ({ status, body }: Reply) => [status, body.code]

/** Adds an authenticator app. */
export async function enrolled(app: TestApp, token: string, name = 'phone'): Promise<Enrolled> {
  const { status, body } = await enrol(app, token, { friendly_name: name })
  expect(status).toBe(200)
  return { id: body.id, secret: body.totp.secret }
}

/** Challenges a factor and verifies with the current code. */
export async function pass(app: TestApp, token: string, { id, secret }: Enrolled) {
  const { body } = await challenge(app, token, id)
  return verify(app, token, id, { challenge_id: body.id, code: codeAt(secret, app.clock.now()) })
}

/** An account with a verified authenticator app. `raised` is its session that has passed it. */
export async function protectedAccount(app: TestApp) {
  const ada = await app.signUp()
  const factor = await enrolled(app, ada.accessToken)
  const { status, body } = await pass(app, ada.accessToken, factor)
  expect(status).toBe(200)
  app.clock.advance(STEP_MS)
  return { ...ada, factor, raised: { accessToken: body.access_token, refreshToken: body.refresh_token } }
}
