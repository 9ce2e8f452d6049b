/** Errors of the admin API about the server itself. */
import type { AdministrationReason } from '../../../core/kernel/reasons/administration'
import type { ErrorResponse } from './error-answer'

export const administrationErrors: Record<AdministrationReason, ErrorResponse> = {
  signing_key_unknown: [404, 'validation_failed', 'Signing key not found'],
  signing_key_algorithm: [400, 'validation_failed', ({ detail }) => `alg must be one of ${detail}`],
  signing_key_not_verified: [
    422,
    'conflict',
    'AUTH_JWT_VALID_METHODS does not list the algorithm of this key, so its tokens would be refused',
  ],
  signing_key_not_standby: [422, 'conflict', 'Only a standby key can be activated'],
  signing_key_revoked: [422, 'conflict', 'This signing key was revoked before'],
  signing_keys_in_settings: [
    422,
    'conflict',
    'AUTH_JWT_KEYS contains the signing keys; change them there, or unset it to manage keys here',
  ],
  setup_refused: [
    403,
    'not_admin',
    'This link does not work: it was used, has expired, or there is an administrator already',
  ],
  limit_unknown: [404, 'validation_failed', 'Limit not found'],
  message_unknown: [404, 'validation_failed', 'Message not found'],
  message_sent: [422, 'conflict', 'This message was sent, or is not meant to be sent'],
  message_expired: [422, 'conflict', 'The content of this message was removed or has expired; send a new one'],
  event_unknown: [404, 'validation_failed', 'Event not found'],
  refusal_unknown: [404, 'validation_failed', 'Nothing is kept under this request id'],
  parameter_malformed: [400, 'validation_failed', ({ detail = '' }) => detail],
  mail_template_unknown: [404, 'validation_failed', 'Mail template not found'],
}
