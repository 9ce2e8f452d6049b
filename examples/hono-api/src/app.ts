import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { type Claims, InvalidToken, isSessionAlive, tokenVerifier } from './tokens.ts'

interface Options {
  serverUrl: string
  publishableKey: string
}

type Env = { Variables: { token: string; claims: Claims } }

export function createApp({ serverUrl, publishableKey }: Options) {
  const verify = tokenVerifier(serverUrl)

  /** Any signed-in user. */
  const signedIn = createMiddleware<Env>(async (c, next) => {
    const token = c.req.header('authorization')?.match(/^Bearer (\S+)$/i)?.[1]
    if (!token) return c.json({ error: 'token_missing' }, 401, { 'www-authenticate': 'Bearer' })
    try {
      c.set('claims', await verify(token))
      c.set('token', token)
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error
      return c.json({ error: 'token_invalid', message: error.message }, 401, {
        'www-authenticate': 'Bearer error="invalid_token"',
      })
    }
    await next()
  })

  /** A user who passed a second factor. */
  const secondFactor = createMiddleware<Env>(async (c, next) => {
    if (c.get('claims').aal !== 'aal2') return c.json({ error: 'second_factor_required' }, 403)
    await next()
  })

  /** A session that has not ended since the token was issued. */
  const sessionAlive = createMiddleware<Env>(async (c, next) => {
    if (!(await isSessionAlive(serverUrl, publishableKey, c.get('token'))))
      return c.json({ error: 'session_ended' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
    await next()
  })

  return new Hono<Env>()
    .get('/me', signedIn, (c) => {
      const { sub, email, role, aal, session_id } = c.get('claims')
      return c.json({ sub, email, role, aal, session_id })
    })
    .delete('/files', signedIn, sessionAlive, (c) => c.json({ deleted: true, by: c.get('claims').sub }))
    .post('/payouts', signedIn, secondFactor, sessionAlive, (c) => c.json({ paid: true, to: c.get('claims').sub }))
}
