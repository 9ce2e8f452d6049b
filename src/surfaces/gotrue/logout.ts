import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import type { SignOutScope } from '../../core'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { SignedOutShape } from '../../http/schemas'
import { errors } from './schemas'

const scopes: readonly string[] = ['global', 'local', 'others'] satisfies SignOutScope[]

/** `POST /logout`. */
export const logout = endpoint({
  method: 'POST',
  path: '/logout',
  access: 'user',
  query: {
    scope: Type.Optional(
      Type.String({
        description: 'Which sessions end: all, this one, or all others.',
        enum: [...scopes],
        default: 'global',
      }),
    ),
  },
  tag: 'Sessions',
  summary: 'Sign out',
  description: '200 for a token of `/auth/v1/login`, 204 for every other one.',
  responses: { 200: SignedOutShape, 204: Type.Void(), ...errors(400, 401, 403) },
  handle: async ({ core, caller, query }) => {
    const scope = query.scope || 'global'
    if (!scopes.includes(scope)) throw new Refusal('logout_scope_unknown', { detail: scope })
    await core.signOut({ caller, scope: scope as SignOutScope })
    return status(204)
  },
})
