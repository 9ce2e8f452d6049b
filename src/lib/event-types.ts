/** The types of events that are sent to the operator's server (docs/events.md#types). */
export const EVENT_TYPES = [
  'user.created',
  'user.updated',
  'user.confirmed',
  'user.signed_in',
  'user.signed_out',
  'user.password_changed',
  'user.banned',
  'user.unbanned',
  'user.deleted',
  'identity.linked',
  'identity.unlinked',
  'factor.enrolled',
  'factor.verified',
  'factor.removed',
  'passkey.created',
  'passkey.removed',
  'role.granted',
  'role.revoked',
] as const

export type EventType = (typeof EVENT_TYPES)[number]
