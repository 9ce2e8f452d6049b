/** Second factors (`/factors`). */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { choice, oneOf } from '../../http/schemas'
import { FACTOR_TYPES } from '../../lib/factor-types'
import { parseUuid } from '../../lib/uuid'
import { errors, SessionShape, sessionHeaders, toSession } from './schemas'

const shared = { access: 'user', tag: 'Second factors' } as const

export const enrollFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors',
  allowsTrailingSlash: true,
  check: ({ core, caller }) => core.requireFactorOwner({ caller }),
  body: Type.Object(
    {
      factor_type: choice(['totp', 'phone', 'webauthn']),
      friendly_name: Type.Optional(storedText()),
      issuer: Type.Optional(storedText({ description: 'The issuer shown by an authenticator app.' })),
      phone: Type.Optional(Type.String({ description: 'A phone number in E.164 format.' })),
    },
    {
      $id: 'FactorEnrolment',
      examples: [{ factor_type: 'totp', friendly_name: 'my phone' }],
      required: ['factor_type'],
    },
  ),
  summary: 'Enroll a second factor',
  description: 'The factor takes effect once it is verified.',
  responses: {
    200: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        type: oneOf(FACTOR_TYPES),
        friendly_name: Type.String(),
        totp: Type.Optional(
          Type.Object(
            {
              qr_code: Type.String({ description: 'An SVG image.' }),
              secret: Type.String(),
              uri: Type.String(),
            },
            { $id: 'TotpEnrolment' },
          ),
        ),
        phone: Type.Optional(Type.String({ description: 'The phone number.' })),
      },
      { $id: 'EnrolledFactor' },
    ),
    ...errors(400, 401, 403, 422),
  },
  handle: async ({ core, caller, body, headers }) => {
    const { phone = '' } = body
    const { factor, totp } = await core.enrollFactor({
      caller,
      phone,
      type: body.factor_type ?? '',
      friendlyName: body.friendly_name ?? '',
      issuer: body.issuer ?? '',
    })
    headers['cache-control'] = 'no-store'
    return {
      id: factor.id,
      type: factor.factorType,
      friendly_name: factor.friendlyName,
      ...(totp && { totp: { qr_code: totp.qrCode, secret: totp.secret, uri: totp.uri } }),
      ...(factor.phone !== null && { phone }),
    }
  },
})

/** WebAuthn JSON (Level 3 §5.1), passed to the browser unchanged. */
const CeremonyOptions = Type.Record(Type.String(), Type.Unknown())

export const challengeFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/:id/challenge',
  readsBodyLate: true,
  body: Type.Object(
    { channel: Type.Optional(Type.String({ description: 'For a phone: `sms` or `whatsapp`.' })) },
    { $id: 'ChallengeRequest', examples: [{ channel: 'sms' }] },
  ),
  isBodyOptional: true,
  summary: 'Begin a challenge',
  description: 'Ignored for authenticator apps; required for other factors, at least as `{}`.',
  responses: {
    200: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        type: oneOf(FACTOR_TYPES),
        webauthn: Type.Optional(
          Type.Object({
            type: oneOf(['create', 'request']),
            credential_options: Type.Object({ publicKey: CeremonyOptions }),
          }),
        ),
        expires_at: Type.Integer({ description: 'Unix seconds.' }),
      },
      { $id: 'Challenge' },
    ),
    ...errors(400, 401, 403, 404, 422, 429),
  },
  handle: async ({ core, caller, params: { id }, readBody }) => {
    const { webauthn, ...challenge } = await core.challengeFactor({
      caller,
      factorId: id,
      readDetails: readBody,
    })
    return {
      id: challenge.id,
      type: challenge.type,
      ...(webauthn && {
        webauthn: { type: webauthn.type, credential_options: { publicKey: webauthn.options } },
      }),
      expires_at: Math.floor(challenge.expiresAt / 1000),
    }
  },
})

export const verifyFactor = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/:id/verify',
  check: async ({ core, caller, params: { id } }) => void (await core.requireOwnFactor({ caller, factorId: id })),
  body: Type.Object(
    {
      challenge_id: Type.Optional(Type.String()),
      code: Type.Optional(Type.String({ description: 'TOTP or SMS code.' })),
      webauthn: Type.Optional(
        Type.Object({
          type: Type.Optional(Type.String({ description: '`create` or `request`, as in the challenge.' })),
          credential_response: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        }),
      ),
    },
    { $id: 'ChallengeAnswer', examples: [{ challenge_id: '2b4ef0c4-8f05-4c09-9d0f-3d1d3f4a7c11', code: '123456' }] },
  ),
  summary: 'Answer a challenge',
  description: 'The session becomes aal2; the user’s aal1 sessions end.',
  responses: { 200: SessionShape, ...errors(400, 401, 403, 404, 422, 429) },
  handle: async ({ core, caller, params: { id }, body, headers }) => {
    const { challenge_id: challengeId, code = '', webauthn } = body
    const parsed = challengeId === undefined ? '' : parseUuid(challengeId)
    if (parsed === undefined) throw new Refusal('body_malformed', { detail: 'field "challenge_id" is no UUID' })
    const issued = await core.verifyFactor({
      caller,
      factorId: id,
      challengeId: parsed,
      code,
      webauthn: webauthn && { type: webauthn.type ?? '', credential: webauthn.credential_response },
    })
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued)
  },
})

export const unenrollFactor = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/factors/:id',
  allowsTrailingSlash: true,
  summary: 'Remove a factor',
  responses: {
    200: Type.Object({ id: Type.String({ format: 'uuid' }) }, { $id: 'UnenrolledFactor' }),
    ...errors(401, 403, 404, 422),
  },
  handle: async ({ core, caller, params: { id } }) => ({
    id: await core.unenrollFactor({ caller, factorId: id }),
  }),
})
