/** `POST /invite` and `POST /admin/generate_link`. */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { audience } from './audience'
import { redirectQuery, redirectTarget } from './redirect-target'
import { errors, toFreshUser, toUser, UserShape, userMembers } from './schemas'

export const invite = endpoint({
  method: 'POST',
  path: '/invite',
  access: 'admin',
  query: redirectQuery,
  body: Type.Object(
    {
      email: Type.Optional(Type.String()),
      data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Stored as user_metadata.' })),
    },
    { $id: 'Invitation', examples: [{ email: 'grace@example.com' }] },
  ),
  tag: 'Administration',
  summary: 'Invite a user by email',
  responses: { 200: UserShape, ...errors(400, 401, 403, 422) },
  handle: async ({ core, caller: admin, request, query, body }) =>
    toFreshUser(
      await core.invite({
        admin,
        email: body.email ?? '',
        data: body.data ?? {},
        audience: audience(core, request),
        redirectTo: redirectTarget(core, request, query),
      }),
    ),
})

const LinkShape = Type.Object(
  {
    ...userMembers,
    action_link: Type.String(),
    email_otp: Type.String(),
    hashed_token: Type.String(),
    verification_type: Type.String(),
    redirect_to: Type.String(),
  },
  { $id: 'GeneratedLink' },
)

export const generateLink = endpoint({
  method: 'POST',
  path: '/admin/generate_link',
  access: 'admin',
  query: redirectQuery,
  body: Type.Object(
    {
      type: Type.Optional(
        Type.String({
          description: 'signup, invite, magiclink, recovery, email_change_current or email_change_new.',
        }),
      ),
      email: Type.Optional(Type.String()),
      new_email: Type.Optional(Type.String()),
      password: Type.Optional(Type.String()),
      data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      redirect_to: Type.Optional(Type.String()),
    },
    { $id: 'LinkRequest', examples: [{ type: 'magiclink', email: 'grace@example.com' }], required: ['type', 'email'] },
  ),
  tag: 'Administration',
  summary: 'Create a link without mailing it',
  responses: { 200: LinkShape, ...errors(400, 401, 403, 404, 422) },
  handle: async ({ core, caller: admin, request, query, body }) => {
    const made = await core.generateLink({
      admin,
      type: body.type ?? '',
      email: body.email ?? '',
      newEmail: body.new_email ?? '',
      password: body.password ?? '',
      data: body.data ?? {},
      audience: audience(core, request),
      redirectTo: redirectTarget(core, request, query, body.redirect_to),
    })
    return {
      ...toUser(made.account),
      action_link: made.link,
      email_otp: made.code,
      hashed_token: made.token,
      verification_type: made.type,
      redirect_to: made.redirectTo,
    }
  },
})
