/** Second factors (contract 1.9). */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/refusal'
import { endpoint } from '../../http/endpoint'
import { isUuid } from '../../lib/uuid'
import { errors, SessionShape, sessionHeaders, toSession } from './shapes'

const shared = { access: 'user', tag: 'Second factors', toleratesSlash: true } as const

export const enrolFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors',
  body: Type.Object(
    {
      factor_type: Type.Optional(Type.String({ description: '`totp`.' })),
      friendly_name: Type.Optional(Type.String()),
      issuer: Type.Optional(Type.String({ description: 'Whom the authenticator shows.' })),
      phone: Type.Optional(Type.String()),
    },
    { $id: 'FactorEnrolment', examples: [{ factor_type: 'totp', friendly_name: 'my phone' }] },
  ),
  summary: 'Add an authenticator app',
  description: 'The factor counts once a code of it was verified.',
  answers: {
    200: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        type: Type.String(),
        friendly_name: Type.String(),
        totp: Type.Object({ qr_code: Type.String(), secret: Type.String(), uri: Type.String() }),
      },
      { $id: 'EnrolledFactor' },
    ),
    ...errors(400, 401, 403, 422),
  },
  handle: async ({ core, caller, body, headers }) => {
    const { factor, qrCode, secret, uri } = await core.enrolFactor({
      caller,
      type: body.factor_type ?? '',
      friendlyName: body.friendly_name ?? '',
      issuer: body.issuer ?? '',
      phone: body.phone ?? '',
    })
    headers['cache-control'] = 'no-store'
    const totp = { qr_code: qrCode, secret, uri }
    return { id: factor.id, type: factor.factorType, friendly_name: factor.friendlyName, totp }
  },
})

export const challengeFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/:id/challenge',
  summary: 'Begin a challenge',
  answers: {
    200: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        type: Type.String(),
        expires_at: Type.Integer({ description: 'Unix seconds.' }),
      },
      { $id: 'Challenge' },
    ),
    ...errors(400, 401, 403, 404, 422),
  },
  handle: async ({ core, caller, params: { id = '' }, client }) => {
    const challenge = await core.challengeFactor({ caller, factorId: id, client })
    return { id: challenge.id, type: challenge.type, expires_at: Math.floor(challenge.expiresAt / 1000) }
  },
})

export const verifyFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/:id/verify',
  body: Type.Object(
    { challenge_id: Type.Optional(Type.String()), code: Type.Optional(Type.String()) },
    { $id: 'ChallengeAnswer', examples: [{ challenge_id: '2b4ef0c4-8f05-4c09-9d0f-3d1d3f4a7c11', code: '123456' }] },
  ),
  summary: 'Answer a challenge',
  description: 'The session counts as aal2 from then on; sessions of the user that have passed no factor end.',
  answers: { 200: SessionShape, ...errors(400, 401, 403, 404, 422, 429) },
  handle: async ({ core, caller, params: { id = '' }, body, client, headers }) => {
    const { challenge_id: challengeId = '', code = '' } = body
    if (challengeId !== '' && !isUuid(challengeId))
      throw new Refusal('body_malformed', { detail: 'field "challenge_id" is no UUID' })
    const issued = await core.verifyFactor({ caller, factorId: id, client, challengeId, code })
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued)
  },
})

export const unenrolFactor = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/factors/:id',
  summary: 'Remove a factor',
  answers: {
    200: Type.Object({ id: Type.String({ format: 'uuid' }) }, { $id: 'UnenrolledFactor' }),
    ...errors(401, 403, 404, 422),
  },
  handle: async ({ core, caller, params: { id = '' }, client }) => ({
    id: await core.unenrolFactor({ caller, factorId: id, client }),
  }),
})
