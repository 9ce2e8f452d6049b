import { type Static, Type } from '@sinclair/typebox'
import type { AccountExport } from '../../core'
import { endpoint } from '../../http/endpoint'
import { goTime } from '../../lib/rfc3339'
import { EventShape, toEvent } from './admin-events'
import { MessageShape, toMessage } from './admin-messages'
import { RefusalShape, toRefusal } from './admin-refusals'
import { TokenShape, toToken } from './admin-tokens'
import {
  AuditShape,
  errors,
  PasskeyShape,
  toAuditEntry,
  toPasskey,
  toUser,
  toUserSession,
  UserSessionShape,
  UserShape,
} from './schemas'

const time = () => Type.String({ format: 'date-time' })

/** What concerns the user: not the errors of the operator's servers, and no address of those who tried to get in. */
const SentMessage = Type.Pick(MessageShape, [
  'id',
  'channel',
  'template',
  'recipient',
  'state',
  'created_at',
  'sent_at',
  'expires_at',
])
const OwnEvent = Type.Pick(EventShape, ['id', 'type', 'state', 'created_at', 'delivered_at'])
const OwnRefusal = Type.Pick(RefusalShape, ['request_id', 'created_at', 'method', 'route', 'status', 'code'])

const ExportShape = Type.Object(
  {
    exported_at: time(),
    user: UserShape,
    username: Type.Union([Type.String(), Type.Null()]),
    uid: Type.Integer(),
    roles: Type.Array(Type.String(), { description: 'Granted ones.' }),
    passkeys: Type.Array(PasskeyShape),
    sessions: Type.Array(UserSessionShape),
    personal_access_tokens: Type.Array(TokenShape),
    known_networks: Type.Array(Type.Object({ network: Type.String(), last_seen_at: time() })),
    messages: Type.Array(SentMessage, {
      description: 'About the account, also those to earlier addresses and numbers. Without their content.',
    }),
    events: Type.Array(OwnEvent),
    audit_log: Type.Array(AuditShape, { description: 'Without other users.' }),
    refused_requests: Type.Array(OwnRefusal),
  },
  { $id: 'AccountExport' },
)

const toExport = (exported: AccountExport): Static<typeof ExportShape> => ({
  exported_at: goTime(exported.exportedAt),
  user: toUser(exported),
  username: exported.user.username,
  uid: exported.user.uid,
  roles: exported.roles,
  passkeys: exported.passkeys.map(toPasskey),
  sessions: exported.sessions.map(toUserSession),
  personal_access_tokens: exported.personalTokens.map(toToken),
  known_networks: exported.networks.map(({ network, lastSeenAt }) => ({ network, last_seen_at: goTime(lastSeenAt) })),
  messages: exported.messages.map(toMessage),
  events: exported.events.map(toEvent),
  audit_log: exported.audit.map(toAuditEntry),
  refused_requests: exported.refusals.map(toRefusal),
})

/** `GET /user/export` (an addition to GoTrue). */
export const exportUser = endpoint({
  method: 'GET',
  path: '/user/export',
  access: 'user',
  tag: 'Own account',
  summary: 'Download everything stored about the caller',
  description:
    'Without secrets, the content of messages, and data of other users. The latest 5,000 rows of each log, and 200 sessions. A session without the second factor of its user is refused.',
  responses: { 200: ExportShape, ...errors(401, 403) },
  handle: async ({ core, caller, headers }) => {
    headers['cache-control'] = 'no-store'
    headers['content-disposition'] = 'attachment; filename="account.json"'
    return toExport(await core.exportAccount({ caller }))
  },
})
