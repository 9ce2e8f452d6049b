/** A mail as three templates: which one a recipient gets, and how it is filled in. */

import type { MailContent } from '../../../core/kernel/ports'
import type { Brand } from '../../../lib/brand'
import { parseTemplate, type Template } from '../../../lib/go-template'
import type { JsonObject } from '../../../lib/json'
import type { MailTemplate } from '../../../lib/mail-templates'
import { BUILT_IN_LANGUAGES, builtInSource } from './built-in'
import type { TemplateState } from './read'

export interface MailTemplateSet {
  subject: Template
  html: Template
  /** If omitted, the text is generated from the HTML. */
  text?: Template
}

export type HtmlToText = (html: string) => string

export interface Library {
  /** The operator's mails, by template and language: `invite.de`, or `invite.` for all other languages. */
  own: Map<string, MailTemplateSet>
  /** The operator's subjects, for mails without one of their own. */
  subjects: Map<MailTemplate, Template>
  defaultLanguage: string
  /** Of the built-in mails. */
  brand: Brand
}

/** Combines the parts of each of the operator's mails. */
export function assemble(versions: TemplateState[], library: Omit<Library, 'own'>): Library {
  const own: Library['own'] = new Map()
  const key = ({ template, language }: TemplateState['override']) => `${template}.${language}`
  const texts = versions.filter(({ override }) => override.part === 'text')
  for (const { override, lastGood: html } of versions) {
    if (override.part === 'text' || !html) continue
    const text = texts.find((each) => key(each.override) === key(override))?.lastGood
    const subject = html.subject ?? text?.subject ?? subjectOf(override.template, [override.language], library)
    own.set(key(override), { subject, html: html.body, ...(text && { text: text.body }) })
  }
  return { ...library, own }
}

/**
 * The operator's mail in one of the languages, else the one without a language. If there is neither, the built-in mail
 * in one of the languages, and the default language last.
 */
export function selectMail(template: MailTemplate, languages: readonly string[], library: Library): MailTemplateSet {
  const wanted = lookups(languages)
  const ownIn = (tags: string[]) => tags.map((tag) => library.own.get(`${template}.${tag}`)).find(Boolean)
  const own = ownIn([...wanted, '']) ?? (wanted.some(isBuiltIn) ? undefined : ownIn(lookups([library.defaultLanguage])))
  return (
    own ?? {
      ...builtInMail(template, [...languages, library.defaultLanguage], library.brand),
      subject: subjectOf(template, languages, library),
    }
  )
}

function subjectOf(
  template: MailTemplate,
  languages: readonly string[],
  { subjects, defaultLanguage, brand }: Omit<Library, 'own'>,
) {
  return subjects.get(template) ?? builtInMail(template, [...languages, defaultLanguage], brand).subject
}

/** Tags that can serve a tag: for `pt-BR` these are `pt-br` and `pt` (RFC 4647 §3.4). */
function lookups(languages: readonly string[]): string[] {
  return languages.flatMap((tag) => {
    const parts = tag.slice(0, MAX_TAG).toLowerCase().replaceAll('_', '-').split('-').filter(Boolean)
    return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'))
  })
}

/** Maximum tag length considered (RFC 5646 §4.4.1); tags are untrusted input. */
const MAX_TAG = 35

const isBuiltIn = (language: string) => BUILT_IN_LANGUAGES.includes(language)

const parsedOf = new WeakMap<Brand, Map<string, Required<MailTemplateSet>>>()

/** The built-in mail in the first available language, else in English; parsed on first use. */
function builtInMail(template: MailTemplate, languages: readonly string[], brand: Brand): Required<MailTemplateSet> {
  const language = lookups(languages).find(isBuiltIn) ?? 'en'
  const key = `${template}.${language}`
  const parsed = parsedOf.get(brand) ?? new Map<string, Required<MailTemplateSet>>()
  parsedOf.set(brand, parsed)
  const known = parsed.get(key)
  if (known) return known
  const { subject, html, text } = builtInSource(template, language, brand)
  const mail = {
    subject: parseTemplate(subject, 'text'),
    html: parseTemplate(html, 'html'),
    text: parseTemplate(text, 'text'),
  }
  parsed.set(key, mail)
  return mail
}

/** @param textOf generates the text of a mail that has none */
export function renderMail(
  { subject, html, text }: MailTemplateSet,
  values: JsonObject,
  textOf: HtmlToText,
): MailContent {
  const page = html.render(values).trimStart()
  return {
    subject: subject.render(values).trim(),
    html: page,
    text: text ? text.render(values).trimStart() : `${textOf(page)}\n`,
  }
}
