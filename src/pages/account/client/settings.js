/** What this server offers. */

import { asked } from './application.js'
import { ApiError } from './http.js'

/** The public settings, and those of this page; filled by `loadSettings`. */
export const settings = { public: undefined, account: undefined }

export async function loadSettings() {
  const query = asked.redirectTo === undefined ? '' : `?${new URLSearchParams({ redirect_to: asked.redirectTo })}`
  ;[settings.public, settings.account] = await Promise.all([
    read('/auth/v1/settings'),
    read(`/auth/v1/account/settings${query}`).catch(() => UNTIL_SERVED),
  ])
}

/** As the page preloads it: without the headers of other requests. */
async function read(path) {
  const response = await fetch(path)
  if (!response.ok)
    throw new ApiError({ status: response.status, code: 'offline', message: 'The server cannot be reached.' })
  return response.json()
}

/** Until the server has the endpoint. */
const UNTIL_SERVED = {
  name: 'Latchkey',
  logo_url: null,
  accent: null,
  is_redirect_allowed: null,
  sign_in: { magic_links: true, email_code_length: 6, phone_code_length: 6, custom_providers: [], captcha: null },
  password: { min_length: 6, required_characters: [] },
  account: { manual_linking: false, secure_email_change: true, totp: {}, phone: {}, webauthn: {}, recovery_codes: {} },
}
