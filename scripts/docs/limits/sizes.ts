/** Sizes of requests and fields, numbers of things per user, and pages of lists. */
import { MAX_CAPTCHA_LENGTH } from '../../../src/core/captcha/captcha'
import { RECOVERY_CODES } from '../../../src/core/factors/recovery-codes'
import { MAX_FACTOR_NAME_BYTES } from '../../../src/core/factors/user-factors'
import { MAX_CLAIMS_BYTES } from '../../../src/core/hooks/custom-access-token'
import { MAX_ANSWER_BYTES } from '../../../src/core/hooks/hook-answer'
import { MAX_PASSWORD_BYTES } from '../../../src/core/kernel/policy'
import { MAX_REDIRECT_LENGTH } from '../../../src/core/kernel/redirect-rules'
import { MAX_ID_TOKEN_LENGTH } from '../../../src/core/oauth/id-token'
import { MAX_PASSKEY_NAME_BYTES } from '../../../src/core/passkeys/passkeys'
import { MAX_PERSONAL_TOKEN_NAME, MAX_PERSONAL_TOKENS } from '../../../src/core/sessions/personal-tokens'
import { MAX_CLAIM_BYTES, MAX_EMAIL_LENGTH } from '../../../src/core/users/users'
import { MAX_WALLET_MESSAGE_BYTES } from '../../../src/core/web3/wallet-sign-in'
import { MAX_BODY_BYTES } from '../../../src/http/body'
import { MAX_METADATA_BYTES, MAX_USER_METADATA_BYTES } from '../../../src/lib/metadata'
import { DEFAULT_PER_CURSOR_PAGE, MAX_PER_CURSOR_PAGE } from '../../../src/surfaces/gotrue/cursor'
import { DEFAULT_PER_PAGE, MAX_PER_PAGE } from '../../../src/surfaces/gotrue/paging'
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../src/surfaces/mailbox/schemas'
import { MAX_HEADER_BYTES } from '../../build'
import { byDefault, bytes, FIXED, number, setting, table } from './values'

const bySetting = (what: string, name: string) => [what, byDefault(name), setting(name)]
const fixed = (what: string, most: string) => [what, most, FIXED]

const SIZES = [
  fixed('Body of a request', bytes(MAX_BODY_BYTES)),
  fixed('Headers of a request', bytes(MAX_HEADER_BYTES)),
  bySetting('Time to receive a body', 'AUTH_API_MAX_REQUEST_DURATION'),
  fixed('Password', bytes(MAX_PASSWORD_BYTES)),
  ['Password, at least', `${byDefault('AUTH_PASSWORD_MIN_LENGTH')} bytes`, setting('AUTH_PASSWORD_MIN_LENGTH')],
  fixed('Email address', `${MAX_EMAIL_LENGTH} characters`),
  fixed('Username', '3 to 32 characters of `a-z`, `0-9`, `.`, `_`, `-`, beginning with a letter'),
  fixed('`user_metadata`, as JSON (names, URLs of avatars, …)', bytes(MAX_USER_METADATA_BYTES)),
  fixed('`user_metadata` and `app_metadata` together', bytes(MAX_METADATA_BYTES)),
  fixed('`role`, `aud`', `${MAX_CLAIM_BYTES} bytes each`),
  fixed('Name of a second factor', bytes(MAX_FACTOR_NAME_BYTES)),
  fixed('Name of a passkey', bytes(MAX_PASSKEY_NAME_BYTES)),
  fixed('Name of a personal access token', `${MAX_PERSONAL_TOKEN_NAME} characters`),
  fixed('`redirect_to`', `${number(MAX_REDIRECT_LENGTH)} characters`),
  fixed('ID token', bytes(MAX_ID_TOKEN_LENGTH)),
  fixed('Token of a captcha', bytes(MAX_CAPTCHA_LENGTH)),
  fixed('Signed message of a wallet', bytes(MAX_WALLET_MESSAGE_BYTES)),
  fixed('Answer of a hook', bytes(MAX_ANSWER_BYTES)),
  fixed('Claims of an access token, after the hook', bytes(MAX_CLAIMS_BYTES)),
]

const NUMBERS = [
  bySetting('Second factors of a user, unverified ones included', 'AUTH_MFA_MAX_ENROLLED_FACTORS'),
  bySetting('Verified second factors of a user', 'AUTH_MFA_MAX_VERIFIED_FACTORS'),
  fixed('Recovery codes of a user', String(RECOVERY_CODES)),
  bySetting('Passkeys of a user', 'AUTH_PASSKEY_MAX_PASSKEYS_PER_USER'),
  fixed('Personal access tokens of a user', String(MAX_PERSONAL_TOKENS)),
  ['Custom providers', 'unlimited', setting('AUTH_CUSTOM_OAUTH_MAX_PROVIDERS')],
]

const PAGES = [
  ['`page`, `per_page`: users, audit log, external sessions', String(DEFAULT_PER_PAGE), number(MAX_PER_PAGE)],
  [
    '`cursor`, `limit`: search, messages, events, refusals',
    String(DEFAULT_PER_CURSOR_PAGE),
    number(MAX_PER_CURSOR_PAGE),
  ],
  ['`limit` of the mailbox', String(DEFAULT_LIMIT), number(MAX_LIMIT)],
]

export const printSizes = (): string =>
  [
    table(['What', 'Limit', 'Changed by'], SIZES),
    `### Numbers\n\n${table(['What', 'At most', 'Changed by'], NUMBERS)}`,
    `### Pages of lists\n\n${table(['Lists', 'Default', 'At most'], PAGES)}`,
  ].join('\n\n')
