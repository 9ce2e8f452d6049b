/** The built-in mails: one layout, filled with the texts of a language. */

import type { Brand } from '../../../lib/brand'
import type { MailTemplate } from '../../../lib/mail-templates'
import { de } from './locales/de'
import { en } from './locales/en'
import { es } from './locales/es'
import { fr } from './locales/fr'
import { it } from './locales/it'
import { ja } from './locales/ja'
import { nl } from './locales/nl'
import { pl } from './locales/pl'
import { pt } from './locales/pt'
import { zh } from './locales/zh'
import type { LocaleTexts, MailText } from './texts'

/** The template sources of one mail. */
export interface MailSource {
  subject: string
  html: string
  text: string
}

const LANGUAGES: Record<string, LocaleTexts> = { en, de, fr, es, it, pt, nl, pl, ja, zh }

/** Language tags with built-in mails. */
export const BUILT_IN_LANGUAGES = Object.keys(LANGUAGES)

/** @param language one of `BUILT_IN_LANGUAGES`; English is used for any other */
export function builtInSource(template: MailTemplate, language: string, brand: Brand): MailSource {
  const isKnown = Object.hasOwn(LANGUAGES, language)
  const letter = partsOf(template, (isKnown && LANGUAGES[language]) || en)
  return {
    subject: letter.subject,
    html: renderHtml(letter, isKnown ? language : 'en', brand),
    text: renderText(letter),
  }
}

/** The contents of one mail, from top to bottom. */
interface MailParts extends MailText {
  /** The only link. */
  button?: { label: string; url: string }
  hasCode: boolean
  /** Introduces the code when it is the alternative to the link. */
  enterCode?: string
  /** Shown if a password was dropped. */
  note?: string
  footer: string
}

function partsOf(template: MailTemplate, { mails, ...words }: LocaleTexts): MailParts {
  switch (template) {
    case 'confirmation':
    case 'invite':
    case 'recovery':
    case 'magic_link':
    case 'email_change': {
      const button = { label: mails[template].button, url: '{{ .ConfirmationURL }}' }
      const { enterCode, passwordDropped: note, ignore: footer } = words
      return { ...mails[template], button, hasCode: true, enterCode, note, footer }
    }
    case 'account_exists': {
      const button = { label: mails[template].button, url: '{{ .SiteURL }}' }
      return { ...mails[template], button, hasCode: false, footer: words.ignore }
    }
    case 'new_device_notification': {
      const button = { label: mails[template].button, url: '{{ .ConfirmationURL }}' }
      return { ...mails[template], button, hasCode: false, footer: words.notYou }
    }
    case 'reauthentication':
      return { ...mails[template], hasCode: true, footer: words.ignore }
    case 'email_changed_notification':
      return { ...mails[template], hasCode: false, footer: words.notYouOldAddress }
    default:
      return { ...mails[template], hasCode: false, footer: words.notYou }
  }
}

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

/** The colors of `src/pages/palette.css`. */
export const MAIL_COLORS = {
  light: {
    ground: '#f6f7f9',
    surface: '#ffffff',
    line: '#dfe3e8',
    ink: '#1b2430',
    muted: '#5d6a7a',
    accent: '#0f766e',
    'on-accent': '#ffffff',
  },
  dark: {
    ground: '#12161c',
    surface: '#1a2028',
    line: '#2d3642',
    ink: '#e6eaf0',
    muted: '#9aa7b6',
    accent: '#4cc4b7',
    'on-accent': '#06201d',
  },
}

/** Text from the settings: neither markup nor an action of the template. */
const escaped = (text: string) => text.replace(/[&<>"'{}]/g, (character) => `&#${character.charCodeAt(0)};`)

function renderBrand({ name, logoUrl }: Brand): string {
  const logo =
    logoUrl === undefined
      ? ''
      : `<img src="${escaped(logoUrl)}" alt="" height="32" style="height:32px;width:auto;max-width:120px;margin-right:10px;vertical-align:middle;border:0">`
  return `<p style="margin:0 0 24px;font-weight:600">${logo}${escaped(name)}</p>`
}

/** Loads nothing from the network but the logo, if there is one. The code stands apart from the link, unbroken, so that it can be copied. */
function renderHtml(
  { heading, sentence, button, hasCode, enterCode, note, footer }: MailParts,
  language: string,
  brand: Brand,
): string {
  const { light, dark } = MAIL_COLORS
  const accent = brand.accent ?? { light: light.accent, dark: dark.accent }
  const parts = [
    renderBrand(brand),
    `<h1 style="margin:0 0 16px;font-size:22px;line-height:1.25;font-weight:600;letter-spacing:-0.2px">${heading}</h1>`,
    `<p style="margin:0 0 24px">${sentence}</p>`,
    button &&
      `<p style="margin:0 0 24px"><a class="button" href="${button.url}" style="display:inline-block;padding:12px 24px;border-radius:9px;background-color:${accent.light};color:${light['on-accent']};font-weight:600;text-decoration:none">${button.label}</a></p>`,
    hasCode &&
      ifCodeExists(
        `${enterCode ? `<p style="margin:0 0 8px">${enterCode}</p>\n` : ''}<p class="code" style="margin:0 0 24px;padding:12px 16px;border-radius:9px;background-color:${light.ground};font-family:ui-monospace,Menlo,Consolas,monospace;font-size:24px;letter-spacing:4px;text-align:center">{{ .Token }}</p>`,
      ),
    note && wherePasswordDropped(`<p style="margin:0 0 24px">${note}</p>`),
    `<p class="faint" style="margin:0;font-size:14px;color:${light.muted}">${footer}</p>`,
  ]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${heading}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: ${dark.ground} !important; }
  .card { background-color: ${dark.surface} !important; border-color: ${dark.line} !important; color: ${dark.ink} !important; }
  .button { background-color: ${accent.dark} !important; color: ${dark['on-accent']} !important; }
  .code { background-color: ${dark.ground} !important; }
  .faint { color: ${dark.muted} !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background-color:${light.ground};font-family:${FONT};font-size:16px;line-height:1.5">
<div class="card" style="max-width:480px;margin:0 auto;padding:32px 24px;border:1px solid ${light.line};border-radius:14px;background-color:${light.surface};color:${light.ink};overflow-wrap:anywhere">
${parts.filter(Boolean).join('\n')}
</div>
</body>
</html>
`
}

const wherePasswordDropped = (text: string) => `{{ if .PasswordDropped }}${text}{{ end }}`

/** Mails of `/api/auth` carry a link only. */
const ifCodeExists = (code: string) => `{{ if .Token }}${code}{{ end }}`

function renderText({ heading, sentence, button, hasCode, enterCode, note, footer }: MailParts): string {
  const link = button && `${button.label}:\n${button.url}`
  const code = hasCode && ifCodeExists([enterCode, '{{ .Token }}'].filter(Boolean).join('\n'))
  const dropped = note && wherePasswordDropped(`\n\n${note}`)
  return `${[heading, sentence, link, `${code || ''}${dropped ?? ''}`, footer].filter(Boolean).join('\n\n')}\n`
}
