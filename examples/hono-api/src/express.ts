import express, { type RequestHandler } from 'express'
import { env } from './env.ts'
import { type Claims, InvalidToken, tokenVerifier } from './tokens.ts'

const verify = tokenVerifier(env.serverUrl)

/** Any signed-in user. */
const signedIn: RequestHandler = async (request, response, next) => {
  const token = request.get('authorization')?.match(/^Bearer (\S+)$/i)?.[1]
  if (!token) return void response.status(401).set('www-authenticate', 'Bearer').json({ error: 'token_missing' })
  try {
    response.locals.claims = await verify(token)
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error
    response.set('www-authenticate', 'Bearer error="invalid_token"')
    return void response.status(401).json({ error: 'token_invalid', message: error.message })
  }
  next()
}

express()
  .get('/me', signedIn, (_request, response) => {
    const { sub, email, role, aal, session_id } = response.locals.claims as Claims
    response.json({ sub, email, role, aal, session_id })
  })
  .listen(env.port, () => console.log(`API at http://localhost:${env.port}`))
