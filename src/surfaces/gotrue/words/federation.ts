/** Other servers: nothing on this surface comes to these. */
import type { FederationReason } from '../../../core/reasons/federation'
import type { Answer } from './answer'

const ELSEWHERE: Answer = [400, 'validation_failed', 'This is for the endpoints of federation']

export const federationWords: Record<FederationReason, Answer> = {
  server_not_allowed: ELSEWHERE,
  upstream_unavailable: ELSEWHERE,
  external_auth_failed: ELSEWHERE,
  logout_failed: ELSEWHERE,
}
