/** What this server offers. */

import { asked } from './application.js'
import { readPreloaded } from './http.js'

/** The public settings, and those of this page; filled by `loadSettings`. */
export const settings = { public: undefined, account: undefined }

export async function loadSettings() {
  const query = asked.redirectTo === undefined ? '' : `?${new URLSearchParams({ redirect_to: asked.redirectTo })}`
  ;[settings.public, settings.account] = await Promise.all([
    readPreloaded('auth/v1/settings'),
    readPreloaded(`auth/v1/account/settings${query}`),
  ])
}

/** The color of the operator; the palette has another for each theme. */
export function showColors() {
  const { accent } = settings.account
  if (accent === null) return
  const { style } = document.documentElement
  style.setProperty('--accent', `light-dark(${accent.light}, ${accent.dark})`)
  style.setProperty('--on-accent', 'light-dark(#ffffff, #0b0f14)')
}
