/** Checks a template: its subject, its body, and whether the mail would be usable. */

import { parseTemplate, type Template } from '../../../lib/go-template'
import type { MailTemplate } from '../../../lib/mail-templates'
import { nearest } from '../../../lib/nearest'

/** The field names a template can use. */
export const TEMPLATE_FIELDS = [
  'SiteURL',
  'ConfirmationURL',
  'Email',
  'NewEmail',
  'SendingTo',
  'OldEmail',
  'Phone',
  'OldPhone',
  'Provider',
  'FactorType',
  'IPAddress',
  'Time',
  'Token',
  'TokenHash',
  'RedirectTo',
  'Data',
  'PasswordDropped',
] as const

export interface CheckedTemplate {
  body: Template
  /** The subject in the file itself. */
  subject?: Template
}

const LINK_FIELDS = ['ConfirmationURL', 'Token', 'TokenHash']

/** Fields of which at least one is needed, or the mail is useless. */
const REQUIRED_FIELDS: Partial<Record<MailTemplate, readonly string[]>> = {
  confirmation: LINK_FIELDS,
  invite: LINK_FIELDS,
  recovery: LINK_FIELDS,
  magic_link: LINK_FIELDS,
  email_change: LINK_FIELDS,
  reauthentication: ['Token'],
}

const FIRST_LINE = {
  html: /^\uFEFF?[ \t]*<!--[ \t]*subject:(.*?)-->/i,
  text: /^\uFEFF?subject:(.*)(?=\r?\n\r?\n)/i,
}

/** @throws an error that names the line, or no line if it concerns the whole mail */
export function checkTemplate(template: MailTemplate, part: 'html' | 'text', source: string): CheckedTemplate {
  const [firstLine, subject] = FIRST_LINE[part].exec(source) ?? ['']
  const body = parseTemplate(source.slice(firstLine.length), part)
  checkFields(body)
  const needed = REQUIRED_FIELDS[template]
  if (needed && !needed.some((name) => body.fields.has(name)))
    throw new Error(`it contains ${neither(needed.map((name) => `.${name}`))}; a mail without it is useless`)
  return { body, ...(subject?.trim() && { subject: checkSubject(subject) }) }
}

const neither = (names: string[]) => (names.length > 1 ? `neither ${names.join(' nor ')}` : `no ${names}`)

/** @throws an error that names the line */
export function checkSubject(source: string): Template {
  const subject = parseTemplate(source.trim().replace(/\s*[\r\n]\s*/g, ' '), 'text')
  checkFields(subject)
  return subject
}

function checkFields({ fields }: Template): void {
  for (const [name, line] of fields) {
    if (TEMPLATE_FIELDS.some((each) => each === name)) continue
    const close = nearest(name, TEMPLATE_FIELDS)
    const advice = close
      ? `did you mean .${close}?`
      : `the fields are ${TEMPLATE_FIELDS.map((each) => `.${each}`).join(', ')}`
    throw new Error(`line ${line}: there is no field .${name}; ${advice}`)
  }
}
