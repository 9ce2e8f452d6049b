/** Passkeys (`/passkeys`). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { userId } from './admin-users'
import { captcha } from './captcha'
import { errors, PasskeyShape, SessionShape, sessionHeaders, toPasskey, toSession } from './schemas'

const shared = { access: 'user', tag: 'Passkeys' } as const

const Ceremony = Type.Object(
  {
    challenge_id: Type.String({ format: 'uuid' }),
    options: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Options for the browser, as JSON (WebAuthn Level 3 §5.1).',
    }),
    expires_at: Type.Integer({ description: 'Unix seconds.' }),
  },
  { $id: 'PasskeyCeremony' },
)

const Answer = Type.Object(
  {
    challenge_id: Type.Optional(Type.String()),
    credential: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'The credential from the browser, as JSON.' }),
    ),
  },
  {
    $id: 'PasskeyAnswer',
    required: ['challenge_id', 'credential'],
    examples: [
      {
        challenge_id: '2b4ef0c4-8f05-4c09-9d0f-3d1d3f4a7c11',
        credential: {
          id: 'dGVzdC1jcmVkZW50aWFs',
          rawId: 'dGVzdC1jcmVkZW50aWFs',
          type: 'public-key',
          response: {
            clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0',
            authenticatorData: 'SZYN5YgO',
            signature: 'MEUC',
          },
          clientExtensionResults: {},
        },
      },
    ],
  },
)

const toCeremony = ({
  challengeId,
  options,
  expiresAt,
}: {
  challengeId: string
  options: Record<string, unknown>
  expiresAt: number
}) => ({ challenge_id: challengeId, options, expires_at: Math.floor(expiresAt / 1000) })

export const registrationOptions = endpoint({
  ...shared,
  method: 'POST',
  path: '/passkeys/registration/options',
  summary: 'Start a passkey registration',
  responses: { 200: Ceremony, ...errors(401, 403, 404, 422, 429) },
  handle: async ({ core, caller }) => toCeremony(await core.beginPasskeyRegistration({ caller })),
})

export const verifyRegistration = endpoint({
  ...shared,
  method: 'POST',
  path: '/passkeys/registration/verify',
  body: Answer,
  summary: 'Register a passkey',
  responses: { 200: PasskeyShape, ...errors(400, 401, 403, 404, 422) },
  handle: async ({ core, caller, body: { challenge_id: challengeId, credential } }) =>
    toPasskey(await core.finishPasskeyRegistration({ caller, challengeId, credential })),
})

export const authenticationOptions = endpoint({
  ...shared,
  access: 'anyone',
  method: 'POST',
  path: '/passkeys/authentication/options',
  captcha: captcha('sign_in', { after: 'passkeys', isExempt: ({ core }) => !core.policy.passkeys.enabled }),
  summary: 'Start a passkey sign-in',
  responses: { 200: Ceremony, ...errors(404, 429) },
  handle: async ({ core }) => toCeremony(await core.beginPasskeySignIn()),
})

export const verifyAuthentication = endpoint({
  ...shared,
  access: 'anyone',
  method: 'POST',
  path: '/passkeys/authentication/verify',
  body: Answer,
  summary: 'Sign in with a passkey',
  responses: { 200: SessionShape, ...errors(400, 403, 404, 429) },
  handle: async ({ core, body: { challenge_id: challengeId, credential }, headers }) => {
    const issued = await core.signInWithPasskey({ challengeId, credential })
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued)
  },
})

export const listPasskeys = endpoint({
  ...shared,
  method: 'GET',
  path: '/passkeys',
  allowsTrailingSlash: true,
  summary: "The caller's passkeys",
  responses: { 200: Type.Array(PasskeyShape), ...errors(401, 403, 404) },
  handle: async ({ core, caller }) => (await core.listPasskeys({ caller })).map(toPasskey),
})

export const renamePasskey = endpoint({
  ...shared,
  method: 'PATCH',
  path: '/passkeys/:id',
  allowsTrailingSlash: true,
  body: Type.Object(
    { friendly_name: Type.Optional(storedText()) },
    { $id: 'PasskeyChange', examples: [{ friendly_name: 'laptop' }] },
  ),
  summary: 'Rename a passkey',
  responses: { 200: PasskeyShape, ...errors(400, 401, 403, 404) },
  handle: async ({ core, caller, params: { id }, body }) =>
    toPasskey(await core.renamePasskey({ caller, id, friendlyName: body.friendly_name ?? '' })),
})

export const deletePasskey = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/passkeys/:id',
  allowsTrailingSlash: true,
  summary: 'Remove a passkey',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller, params: { id } }) => {
    await core.deletePasskey({ caller, id })
    return status(204)
  },
})

const administered = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

export const listPasskeysOf = endpoint({
  ...administered,
  method: 'GET',
  path: '/admin/users/:id/passkeys',
  summary: "List a user's passkeys",
  responses: { 200: Type.Array(PasskeyShape), ...errors(401, 403, 404) },
  handle: async ({ core, params }) => (await core.listPasskeysOf(userId(params))).map(toPasskey),
})

export const deletePasskeyOf = endpoint({
  ...administered,
  method: 'DELETE',
  path: '/admin/users/:id/passkeys/:passkey',
  summary: "Remove a user's passkey",
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => {
    await core.deletePasskeyOf({ admin, userId: userId(params), id: params.passkey })
    return status(204)
  },
})
