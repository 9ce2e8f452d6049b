/** Maps refusals to the problems of the error page. */
import type { Reason } from '../../core/kernel/refusal'
import type { ErrorPageKind } from './texts'

const DEAD_LINK: readonly Reason[] = [
  ...(['token_unknown', 'token_kind_mismatch', 'token_used', 'token_expired', 'link_invalid', 'code_wrong'] as const),
  ...(['invite_token_unknown', 'invite_unknown', 'flow_unknown', 'flow_missing', 'flow_expired'] as const),
]

const INCOMPLETE_LINK: readonly Reason[] = [
  ...(['verify_type_missing', 'verify_token_missing', 'verify_token_or_hash_missing', 'verify_type_unknown'] as const),
]

const PROVIDER_OFF: readonly Reason[] = [
  ...(['provider_unsupported', 'saml_off', 'oauth_server_off', 'linking_disabled'] as const),
]

const INTERRUPTED: readonly Reason[] = [
  ...(['oauth_state_missing', 'oauth_state_malformed', 'oauth_state_unknown', 'oauth_state_expired'] as const),
  ...(['oauth_state_used', 'oauth_state_of_another_browser', 'oauth_refused', 'oauth_code_missing'] as const),
  ...(['oauth_exchange_failed', 'oauth_profile_failed', 'oauth_email_missing'] as const),
]

const byReason = new Map<Reason, ErrorPageKind>([
  ...DEAD_LINK.map((reason) => [reason, 'deadLink'] as const),
  ...INCOMPLETE_LINK.map((reason) => [reason, 'incompleteLink'] as const),
  ...PROVIDER_OFF.map((reason) => [reason, 'providerOff'] as const),
  ...INTERRUPTED.map((reason) => [reason, 'interruptedSignIn'] as const),
  ['provider_unreachable', 'unavailable'],
])

const byStatus: Record<number, ErrorPageKind> = {
  401: 'signedOut',
  403: 'refused',
  404: 'notFound',
  405: 'forApplications',
  410: 'deadLink',
  422: 'refused',
  429: 'tooMany',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

export function pageKindOf(status: number, reason: Reason | undefined): ErrorPageKind {
  const known = reason === undefined ? undefined : byReason.get(reason)
  return known ?? byStatus[status] ?? (status >= 500 ? 'failed' : 'badRequest')
}
