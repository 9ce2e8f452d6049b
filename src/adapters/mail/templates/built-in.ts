/** The mails that are sent where nobody wrote others: one layout, filled from the words of a language. */
import type { MailTemplate } from '../../../core/ports'
import type { MailWords, Words } from './words'
import { de } from './words/de'
import { en } from './words/en'
import { es } from './words/es'
import { fr } from './words/fr'
import { it } from './words/it'
import { ja } from './words/ja'
import { nl } from './words/nl'
import { pl } from './words/pl'
import { pt } from './words/pt'
import { zh } from './words/zh'

/** The sources of one mail's templates. */
export interface Sources {
  subject: string
  html: string
  text: string
}

const LANGUAGES: Record<string, Words> = { en, de, fr, es, it, pt, nl, pl, ja, zh }

/** Tags of the languages that mails are built in for. */
export const BUILT_IN_LANGUAGES = Object.keys(LANGUAGES)

/** @param language one of `BUILT_IN_LANGUAGES`; English stands in for any other */
export function builtIn(template: MailTemplate, language: string): Sources {
  const isKnown = Object.hasOwn(LANGUAGES, language)
  const letter = compose(template, (isKnown && LANGUAGES[language]) || en)
  return { subject: letter.subject, html: inHtml(letter, isKnown ? language : 'en'), text: inText(letter) }
}

/** What one mail shows, from top to bottom. */
interface Letter extends MailWords {
  /** The one link. */
  button?: { label: string; url: string }
  hasCode: boolean
  /** Leads to the code where it is the second of two ways. */
  enterCode?: string
  /** Shown where a password was dropped. */
  note?: string
  footer: string
}

function compose(template: MailTemplate, { mails, ...words }: Words): Letter {
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
      return { ...mails[template], hasCode: false, footer: words.notYouAndAway }
    default:
      return { ...mails[template], hasCode: false, footer: words.notYou }
  }
}

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

/** Nothing is loaded from elsewhere. The code stands apart from the link, in one piece, so that it can be copied. */
function inHtml({ heading, sentence, button, hasCode, enterCode, note, footer }: Letter, language: string): string {
  const parts = [
    `<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:600">${heading}</h1>`,
    `<p style="margin:0 0 24px">${sentence}</p>`,
    button &&
      `<p style="margin:0 0 24px"><a href="${button.url}" style="display:inline-block;padding:12px 24px;border-radius:6px;background-color:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none">${button.label}</a></p>`,
    hasCode &&
      whereThereIsOne(
        `${enterCode ? `<p style="margin:0 0 8px">${enterCode}</p>\n` : ''}<p class="code" style="margin:0 0 24px;padding:12px 16px;border-radius:6px;background-color:#f3f4f6;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:24px;letter-spacing:4px;text-align:center">{{ .Token }}</p>`,
      ),
    note && wherePasswordDropped(`<p style="margin:0 0 24px">${note}</p>`),
    `<p class="faint" style="margin:0;font-size:14px;color:#6b7280">${footer}</p>`,
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
  .page { background-color: #111827 !important; }
  .card { background-color: #1f2937 !important; color: #f9fafb !important; }
  .code { background-color: #374151 !important; }
  .faint { color: #9ca3af !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background-color:#f3f4f6;font-family:${FONT};font-size:16px;line-height:1.5">
<div class="card" style="max-width:480px;margin:0 auto;padding:32px 24px;border-radius:8px;background-color:#ffffff;color:#111827">
${parts.filter(Boolean).join('\n')}
</div>
</body>
</html>
`
}

const wherePasswordDropped = (text: string) => `{{ if .PasswordDropped }}${text}{{ end }}`

/** Mails of `/api/auth` carry a link alone. */
const whereThereIsOne = (code: string) => `{{ if .Token }}${code}{{ end }}`

function inText({ heading, sentence, button, hasCode, enterCode, note, footer }: Letter): string {
  const link = button && `${button.label}:\n${button.url}`
  const code = hasCode && whereThereIsOne([enterCode, '{{ .Token }}'].filter(Boolean).join('\n'))
  const dropped = note && wherePasswordDropped(`\n\n${note}`)
  return `${[heading, sentence, link, `${code || ''}${dropped ?? ''}`, footer].filter(Boolean).join('\n\n')}\n`
}
