/** What a refusal means, for people who look it up. */
import type { Reason } from '../../../core/kernel/reasons'
import { errorAnswers } from '.'

/** What a client of `/auth/v1` gets for a reason, with `…` in place of details. */
export function explanationOf(reason: string): { code: string; message: string } {
  if (!Object.hasOwn(errorAnswers, reason))
    return {
      code: 'unexpected_failure',
      message: reason === 'fault' ? 'The server failed; its log has the cause under this request id' : reason,
    }
  const [, code, message] = errorAnswers[reason as Reason]
  const detail = { detail: '…', waitMs: undefined }
  return {
    code: typeof code === 'string' ? code : code(detail as never),
    message: typeof message === 'string' ? message : message(detail as never),
  }
}

/** What to do about a reason; null if the message says it. @param exceeded the setting of the limit that was hit */
export function adviceFor(reason: string, exceeded: string | null): string | null {
  if (exceeded?.startsWith('AUTH_'))
    return `The limit is set by ${exceeded}. Wait, reset the limit, or raise it. Behind a proxy, AUTH_TRUSTED_PROXIES must list the proxy, or all clients share one limit.`
  return (Object.hasOwn(ADVICE, reason) && ADVICE[reason as Reason | 'fault']) || null
}

const SIGN_IN_AGAIN = 'The user has to sign in again.'
const NEW_LINK = 'Request a new link or code. Each works once, and only the latest one of its kind.'
const SAME_BROWSER = 'Open the link in the browser that requested it, or use the flow without PKCE.'

const ADVICE: Partial<Record<Reason | 'fault', string>> = {
  fault: 'Look for the request id in the log, where the cause is.',
  bearer_missing: 'Send the access token of a session as `Authorization: Bearer …`.',
  api_key_unknown: 'The application has a key of another server. `latchkey keys` prints the keys of this one.',
  token_invalid:
    'The token has expired, was signed by another server or with a revoked key, or was changed. Clients refresh it; compare JWT secrets if it comes from another server.',
  user_gone: 'The account was deleted. The application has to sign its user out.',
  session_gone: `The session was ended: by a sign-out, a new password, a reset, or an administrator. ${SIGN_IN_AGAIN}`,
  session_over: SIGN_IN_AGAIN,
  session_expired: `AUTH_SESSIONS_TIMEBOX has ended the session. ${SIGN_IN_AGAIN}`,
  session_inactive: `AUTH_SESSIONS_INACTIVITY_TIMEOUT has ended the session. ${SIGN_IN_AGAIN}`,
  session_superseded: `AUTH_SESSIONS_SINGLE_PER_USER allows one session, and there is a newer one. ${SIGN_IN_AGAIN}`,
  user_banned: 'Lift the ban of the account, if it should be able to sign in.',
  credentials_of_banned_user: 'Lift the ban of the account, if it should be able to sign in.',
  not_admin:
    'The admin API needs the secret key, or a session of a user with the role `admin`, at aal2 if that user has a second factor.',
  aal_too_low: 'The user has to pass the second factor first.',
  second_factor_needed: 'Send the code of the second factor along.',
  refresh_token_unknown: `The session of the token has ended. ${SIGN_IN_AGAIN}`,
  refresh_token_used:
    'A refresh token was used twice, so its session was ended. Usually two tabs or servers share one session without sharing its storage; rarely the token was stolen.',
  credentials_wrong:
    'The password is wrong, the account has none or does not exist. The audit log and the list of users tell which; a reset sets a new one.',
  email_not_confirmed:
    'The user has to open the link in the confirmation mail; an administrator can confirm the address.',
  phone_not_confirmed: 'The user has to enter the code that was sent; an administrator can confirm the number.',
  signup_disabled: 'AUTH_DISABLE_SIGNUP is on. Administrators can create and invite users.',
  email_signup_disabled: 'Sign-up by email is off (AUTH_EXTERNAL_EMAIL_ENABLED).',
  phone_signup_disabled: 'Sign-up by phone is off (AUTH_EXTERNAL_PHONE_ENABLED).',
  anonymous_disabled: 'Anonymous sign-in is off (AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED).',
  setup_refused:
    'Restart the server for a new link while there is no administrator, or use `latchkey role grant <address> admin`.',
  user_exists: 'The address has an account. Its owner signs in, or resets the password.',
  email_taken: 'Another account has this address.',
  password_weak: 'The password has to follow the rules in the settings (AUTH_PASSWORD_…).',
  link_invalid: NEW_LINK,
  code_wrong: NEW_LINK,
  token_unknown: NEW_LINK,
  token_used: NEW_LINK,
  token_expired: NEW_LINK,
  flow_missing: NEW_LINK,
  flow_unknown: SAME_BROWSER,
  flow_expired: 'The code was exchanged too late. Start the sign-in again.',
  verifier_wrong: SAME_BROWSER,
  continuation_elsewhere: 'Add the URL to AUTH_URI_ALLOW_LIST; the log has the entry that allows it.',
  continuation_without_challenge: "Create the client with flowType 'pkce'; @supabase/ssr does so by itself.",
  continuation_without_session: 'Use the access token of a session; other tokens cannot be continued.',
  oauth_state_unknown: 'Start the sign-in again. The address of the callback may have been opened by hand.',
  oauth_state_used: 'Start the sign-in again: the callback was opened twice.',
  oauth_state_expired: 'Start the sign-in again: the provider was left open for too long.',
  oauth_state_of_another_browser: 'Start the sign-in again in one browser, with cookies allowed.',
  oauth_exchange_failed:
    'Check the client id, the secret and the redirect URL at the provider; the log has its answer.',
  provider_unsupported: 'Enable the provider in the settings (AUTH_EXTERNAL_…).',
  address_not_authorised: 'AUTH_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES does not list the address.',
  mail_too_soon: 'Two mails of one kind to one user must lie AUTH_SMTP_MAX_FREQUENCY apart.',
  sms_too_soon: 'Two SMS to one number must lie AUTH_SMS_MAX_FREQUENCY apart.',
  captcha_token_missing: 'The page has to solve a captcha and send its token.',
  captcha_refused: 'The token of the captcha was used before, has expired, or is for another site.',
  csrf_rejected: 'The session cookie works for pages of this origin only; send a bearer token.',
  body_malformed: 'The body is no JSON object, or a field has the wrong type.',
  unavailable: 'The database does not answer. `/ready` has the reason.',
  rejected_by_database: 'A trigger or constraint in the database refused the change; the log has its error.',
}
