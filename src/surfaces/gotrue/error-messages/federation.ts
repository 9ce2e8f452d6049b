/** Federation errors, which no endpoint of this surface produces. */
import type { FederationReason } from '../../../core/kernel/reasons/federation'
import type { ErrorResponse } from './error-answer'

const ELSEWHERE: ErrorResponse = [400, 'validation_failed', 'This error applies to federation endpoints only']

export const federationErrors: Record<FederationReason, ErrorResponse> = {
  server_not_allowed: ELSEWHERE,
  upstream_unavailable: ELSEWHERE,
  external_auth_failed: ELSEWHERE,
  external_captcha_failed: ELSEWHERE,
  logout_failed: ELSEWHERE,
}
