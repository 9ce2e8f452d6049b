/** Passkeys in the executable, without a browser: the bundler once ordered the WebAuthn library wrongly. */
import { expect, test } from 'bun:test'
import { authenticator } from '../support/authenticator'
import { startBinary } from '../support/binary'

test('the executable registers a passkey and lets its owner sign in with it', async () => {
  await using server = await startBinary()
  const body = { email: 'ada@example.com', password: 'correct-horse-battery-9' }
  const { body: ada } = await server.ask('POST', '/auth/v1/signup', { body })
  const device = authenticator()
  const passkeys = (path: string, asked: object) => server.ask('POST', `/auth/v1/passkeys/${path}`, asked)
  const { body: wanted } = await passkeys('registration/options', { token: ada.access_token })
  const made = { challenge_id: wanted.challenge_id, credential: device.create(wanted.options) }
  expect((await passkeys('registration/verify', { token: ada.access_token, body: made })).status).toBe(200)
  const { body: asked } = await passkeys('authentication/options', {})
  const shown = { challenge_id: asked.challenge_id, credential: device.get(asked.options) }
  const signedIn = await passkeys('authentication/verify', { body: shown })
  expect([signedIn.status, signedIn.body.user?.id]).toEqual([200, ada.user.id])
})
