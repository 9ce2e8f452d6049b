/** A mail as three templates: which one a reader of some languages gets, and how it is filled in. */
import type { MailContent, MailTemplate } from '../../../core/ports'
import { parseTemplate, type Template } from '../../../lib/go-template'
import type { JsonObject } from '../../../lib/json'
import { BUILT_IN_LANGUAGES, builtIn } from './built-in'
import type { Version } from './read'

export interface Mail {
  subject: Template
  html: Template
  /** Where it is left out, the text is made from the HTML. */
  text?: Template
}

export type TextOfHtml = (html: string) => string

export interface Library {
  /** The operator's mails, by template and language: `invite.de`, or `invite.` for every other language. */
  own: Map<string, Mail>
  /** The operator's subjects, for mails that bring none of their own. */
  subjects: Map<MailTemplate, Template>
  defaultLanguage: string
}

/** Puts the parts of each of the operator's mails together. */
export function assemble(versions: Version[], library: Omit<Library, 'own'>): Library {
  const own: Library['own'] = new Map()
  const key = ({ template, language }: Version['override']) => `${template}.${language}`
  const texts = versions.filter(({ override }) => override.part === 'text')
  for (const { override, good: html } of versions) {
    if (override.part === 'text' || !html) continue
    const text = texts.find((each) => key(each.override) === key(override))?.good
    const subject = html.subject ?? text?.subject ?? subjectOf(override.template, [override.language], library)
    own.set(key(override), { subject, html: html.body, ...(text && { text: text.body }) })
  }
  return { ...library, own }
}

/**
 * The operator's mail in one of the languages, else the one without a language. Where there is neither, what is built
 * in for one of the languages; and only then the default language.
 */
export function choose(template: MailTemplate, languages: readonly string[], library: Library): Mail {
  const wanted = lookups(languages)
  const ownIn = (tags: string[]) => tags.map((tag) => library.own.get(`${template}.${tag}`)).find(Boolean)
  const own = ownIn([...wanted, '']) ?? (wanted.some(isBuiltIn) ? undefined : ownIn(lookups([library.defaultLanguage])))
  return (
    own ?? {
      ...inWords(template, [...languages, library.defaultLanguage]),
      subject: subjectOf(template, languages, library),
    }
  )
}

function subjectOf(
  template: MailTemplate,
  languages: readonly string[],
  { subjects, defaultLanguage }: Omit<Library, 'own'>,
) {
  return subjects.get(template) ?? inWords(template, [...languages, defaultLanguage]).subject
}

/** What tags can be served with: for `pt-BR` `pt-br`, then `pt` (RFC 4647 §3.4). */
function lookups(languages: readonly string[]): string[] {
  return languages.flatMap((tag) => {
    const parts = tag.slice(0, MAX_TAG).toLowerCase().replaceAll('_', '-').split('-').filter(Boolean)
    return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'))
  })
}

/** Characters of a tag that are looked at (RFC 5646 §4.4.1); it may come from anywhere. */
const MAX_TAG = 35

const isBuiltIn = (language: string) => BUILT_IN_LANGUAGES.includes(language)

const parsed = new Map<string, Required<Mail>>()

/** The built-in mail in the first language there is, else in English; parsed when it is first used. */
function inWords(template: MailTemplate, languages: readonly string[]): Required<Mail> {
  const language = lookups(languages).find(isBuiltIn) ?? 'en'
  const key = `${template}.${language}`
  const known = parsed.get(key)
  if (known) return known
  const { subject, html, text } = builtIn(template, language)
  const mail = {
    subject: parseTemplate(subject, 'text'),
    html: parseTemplate(html, 'html'),
    text: parseTemplate(text, 'text'),
  }
  parsed.set(key, mail)
  return mail
}

/** @param textOf makes the text of a mail that brings none of its own */
export function fill({ subject, html, text }: Mail, values: JsonObject, textOf: TextOfHtml): MailContent {
  const page = html.render(values).trimStart()
  return {
    subject: subject.render(values).trim(),
    html: page,
    text: text ? text.render(values).trimStart() : `${textOf(page)}\n`,
  }
}
