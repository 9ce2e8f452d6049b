/** Captchas on this surface, and the proof of work that is an alternative to providers (docs/captcha.md). */
import { Type } from '@sinclair/typebox'
import { CAPTCHA_ACTIONS, type CaptchaAction } from '../../core/captcha/actions'
import type { CaptchaRule } from '../../http/captcha'
import { endpoint } from '../../http/endpoint'
import { textOf } from '../../http/schemas'
import { proofOfWorkScript } from '../../pages/captcha'
import { errors } from './schemas'

/** The rule of an endpoint: with the token where GoTrue has it. */
export const captcha = (action: CaptchaAction, rest: Pick<CaptchaRule, 'after' | 'isExempt'> = {}): CaptchaRule => ({
  action,
  token: ['gotrue_meta_security', 'captcha_token'],
  ...rest,
})

export const captchaChallenge = endpoint({
  method: 'GET',
  path: '/captcha/challenge',
  access: 'anyone',
  query: {
    action: Type.String({ description: 'What the captcha is for.', enum: [...CAPTCHA_ACTIONS] }),
  },
  tag: 'Sign-up and sign-in',
  summary: 'Get a challenge for a proof of work',
  description:
    'Only with AUTH_SECURITY_CAPTCHA_PROVIDER=pow. Solved by `/captcha/pow.js`: find a number whose SHA-256 of `<first part of the challenge>.<number>` begins with `difficulty` zero bits; the captcha token is `<challenge>.<number>`, good for one request.',
  responses: {
    200: Type.Object(
      {
        challenge: Type.String(),
        difficulty: Type.Integer({ description: 'Bits.' }),
        expires_at: Type.Integer({ description: 'Unix seconds.' }),
      },
      { $id: 'CaptchaChallenge' },
    ),
    ...errors(400),
    404: textOf('text/plain'),
  },
  handle: ({ core, query, headers }) => {
    headers['cache-control'] = 'no-store'
    const { challenge, difficulty, expiresAt } = core.issueChallenge({ action: query.action ?? '' })
    return { challenge, difficulty, expires_at: Math.floor(expiresAt / 1000) }
  },
})

export const captchaScript = endpoint({
  method: 'GET',
  path: '/captcha/pow.js',
  access: 'anyone',
  tag: 'Sign-up and sign-in',
  summary: 'Get the script that solves proofs of work in a browser',
  description: 'Only with AUTH_SECURITY_CAPTCHA_PROVIDER=pow. Defines `latchkey.solveCaptcha(action)`.',
  responses: { 200: textOf('text/javascript'), 404: textOf('text/plain') },
  handle: () => proofOfWorkScript(),
})
