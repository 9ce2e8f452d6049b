/** Hook errors. */
import type { HookReason, HookRejection } from '../../../core/kernel/reasons/hook'
import type { ErrorResponse } from './error-answer'

export const hookErrors: Record<HookReason | HookRejection, ErrorResponse> = {
  hook_busy: [503, 'hook_timeout', 'Too many pending hook requests'],
  hook_timed_out: [422, 'hook_timeout', 'Failed to reach hook within maximum time of 5.000000 seconds'],
  hook_out_of_attempts: [422, 'hook_timeout_after_retry', 'Failed to reach hook after maximum retries'],
  hook_function_failed: [500, 'unexpected_failure', ({ detail }) => `Error running hook URI: ${detail}`],
  hook_payload_refused: [500, 'unexpected_failure', 'Invalid payload sent to hook'],
  hook_unauthorised: [500, 'unexpected_failure', 'Hook requires authorization token'],
  hook_unavailable: [500, 'unexpected_failure', 'Service currently unavailable due to hook'],
  hook_status_unexpected: [
    500,
    'unexpected_failure',
    ({ detail }) => `Unexpected status code returned from hook: ${detail}`,
  ],
  hook_content_type_missing: [
    400,
    'hook_payload_invalid_content_type',
    'Invalid Content-Type: Missing Content-Type header',
  ],
  hook_content_type_malformed: [
    400,
    'hook_payload_invalid_content_type',
    'Invalid Content-Type header: it is not a valid media type',
  ],
  hook_content_type_wrong: [
    400,
    'hook_payload_invalid_content_type',
    ({ detail }) => `Invalid JSON response. Received content-type: ${detail}`,
  ],
  hook_answer_too_large: [422, 'hook_payload_over_size_limit', 'Payload size exceeded size limit of 204800 bytes'],
  hook_answer_malformed: [500, 'unexpected_failure', 'Error unmarshaling JSON output.'],
  hook_refused: [
    ({ status = 500 }) => status,
    ({ status = 500 }) => (status === 500 ? 'unexpected_failure' : 'unknown'),
    ({ detail = '' }) => detail,
  ],
  after_user_created_failed: [500, 'unexpected_failure', 'Error invoking hook'],
  hook_claims_missing: [500, 'unexpected_failure', 'output claims field is missing'],
  hook_claims_malformed: [500, 'unexpected_failure', 'Error unmarshaling JSON output.'],
  hook_claims_invalid: [
    500,
    'unexpected_failure',
    ({ detail }) => `output claims do not conform to the expected schema: \n${detail}`,
  ],
  mfa_attempt_rejected: [
    403,
    'mfa_verification_rejected',
    ({ detail = 'Further MFA verification attempts will be rejected.' }) => detail,
  ],
  password_attempt_rejected: [
    400,
    'invalid_credentials',
    ({ detail = 'Further password verification attempts will be rejected.' }) => detail,
  ],
}
