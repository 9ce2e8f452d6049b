/** The account page, and the look of all pages and mails for users (docs/account.md). */
import { setting } from './setting'
import { flag, text, type ValueType } from './value-types'

const MAX_NAME = 60

const name: ValueType<string> = {
  name: 'text',
  parse(value) {
    const trimmed = value.trim()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not occur in it
    if (trimmed === '' || trimmed.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(trimmed))
      throw new Error(`a name of at most ${MAX_NAME} characters on one line`)
    return trimmed
  },
}

const color: ValueType<string> = {
  name: 'color',
  parse(value) {
    if (!/^#[0-9a-f]{6}$/i.test(value)) throw new Error('a color such as #0f766e')
    return value.toLowerCase()
  },
}

export const accountPage = {
  enabled: setting({
    name: 'ACCOUNT_PAGE',
    kind: flag,
    default: true,
    doc: 'Serve the page where users sign in and manage their account at `/account` ([documentation](account.md)).',
  }),
  brandName: setting({
    name: 'BRAND_NAME',
    kind: name,
    defaultNote: 'host of `AUTH_SITE_URL`',
    doc: 'Name of your application on the pages and in the mails for users.',
  }),
  brandLogo: setting({
    name: 'BRAND_LOGO',
    kind: text,
    defaultNote: 'none',
    doc: 'Path of an SVG, PNG or WebP file of at most 100 KB: the logo on the pages for users, and in mails unless it is an SVG.',
  }),
  brandColor: setting({
    name: 'BRAND_COLOR',
    kind: color,
    defaultNote: '`#0f766e`',
    doc: 'Main color of the pages and mails for users, as `#rrggbb`. It is darkened on light pages and lightened on dark ones until it is readable.',
  }),
}
