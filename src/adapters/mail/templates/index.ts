/**
 * The texts of mails: the built-in ones, or the operator's templates from settings and from a folder. All are checked
 * when they are read; a broken one is reported, and its last good version is used instead.
 */

import type { MailTemplates } from '../../../core/kernel/ports'
import type { Brand } from '../../../lib/brand'
import { MAIL_TEMPLATES, type MailTemplate } from '../../../lib/mail-templates'
import { BUILT_IN_LANGUAGES, builtInSource } from './built-in'
import { checkSubject } from './check'
import { fetchText } from './fetch-text'
import { assemble, type HtmlToText, type Library, renderMail, selectMail } from './library'
import {
  listFolder,
  type OverrideSources,
  type Overrides,
  settingName,
  settingOverrides,
  type TemplateProblem,
} from './overrides'
import { type TemplateReader, type TemplateState, update } from './read'

export { TEMPLATE_FIELDS } from './check'

export interface TemplateSources extends OverrideSources {
  subjects: Partial<Record<MailTemplate, string>>
  /** A BCP 47 tag. */
  defaultLanguage: string
  /** Of the built-in mails. */
  brand: Brand
  /** Replaces `fetch` in tests. */
  fetchText?(url: string): Promise<string>
  /** Unix milliseconds; the system clock if omitted. */
  now?(): number
}

export interface LoadedTemplates {
  templates: MailTemplates
  /** An error is a template that would not be sent as written. */
  problems: TemplateProblem[]
  /**
   * Rereads files that were changed, added or removed, and URLs that were read more than ten minutes ago.
   * @returns problems that are new since the last time
   */
  refresh(): Promise<string[]>
}

/** Never fails: every problem is in the list. */
export async function loadTemplates(sources: TemplateSources): Promise<LoadedTemplates> {
  const reader: TemplateReader = { fetchText: sources.fetchText ?? fetchText, now: sources.now ?? Date.now }
  const { subjects, problems: wrongSubjects } = readSubjects(sources.subjects)
  const wording = { subjects, defaultLanguage: sources.defaultLanguage, brand: sources.brand }
  let listed = await settingOverrides(sources)
  let versions: TemplateState[] = []
  let library: Library = assemble(versions, wording)
  let textOf: HtmlToText | undefined

  const settings = listed
  const read = async () => {
    const { found, problems } = await list(settings, sources, listed)
    listed = found
    const known = new Map(versions.map((version) => [version.override.name, version]))
    versions = found.overrides.map((override) => known.get(override.name) ?? { override })
    await Promise.all(versions.map((version) => update(version, reader)))
    library = assemble(versions, wording)
    textOf ??= await loadHtmlToText(library)
    return [...wrongSubjects, ...problems, ...versions.flatMap(({ problem }) => problem ?? [])]
  }

  const problems = await read()
  return {
    templates: {
      languages: BUILT_IN_LANGUAGES,
      render: (template, values, languages) =>
        renderMail(selectMail(template, languages, library), values, textOf ?? ((html) => html)),
    },
    problems,
    refresh: coalesceRuns(newProblemsOf(problems, read)),
  }
}

/** Loaded only if some mail needs it, because loading takes a while. */
async function loadHtmlToText({ own }: Library): Promise<HtmlToText | undefined> {
  const isNeeded = [...own.values()].some(({ text }) => text === undefined)
  return isNeeded ? (await import('./html-to-text')).htmlToText : undefined
}

/** @param last used if the folder cannot be read */
async function list(settings: Overrides, { bodies, folder }: TemplateSources, last: Overrides) {
  try {
    const found = folder === undefined ? settings : await listFolder(folder, settings, bodies)
    return { found, problems: found.problems }
  } catch (error) {
    const message = `the mail template folder cannot be read: ${(error as Error).message}`
    return { found: last, problems: [...last.problems, { severity: 'error' as const, message }] }
  }
}

function readSubjects(given: TemplateSources['subjects']): {
  subjects: Library['subjects']
  problems: TemplateProblem[]
} {
  const subjects: Library['subjects'] = new Map()
  const problems: TemplateProblem[] = []
  for (const template of MAIL_TEMPLATES) {
    const source = given[template]?.trim()
    if (!source) continue
    try {
      subjects.set(template, checkSubject(source))
    } catch (error) {
      const message = `${settingName(template, 'SUBJECTS')}: ${(error as Error).message}`
      problems.push({ severity: 'error', message })
    }
  }
  return { subjects, problems }
}

/** The messages of problems that were not present the last time. */
function newProblemsOf(before: TemplateProblem[], read: () => Promise<TemplateProblem[]>): () => Promise<string[]> {
  let known = new Set(before.map(({ message }) => message))
  return async () => {
    const messages = (await read()).map(({ message }) => message)
    const fresh = messages.filter((message) => !known.has(message))
    known = new Set(messages)
    return fresh
  }
}

/** Callers during a run share its result. */
function coalesceRuns<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

/** The built-in English mails as files of a template folder, by file name. */
export function templatesExport(brand: Brand): Record<string, string> {
  return Object.fromEntries(
    MAIL_TEMPLATES.flatMap((template) => {
      const { subject, html, text } = builtInSource(template, 'en', brand)
      return [
        [`${template}.html`, `<!-- subject: ${subject} -->\n${html}`],
        [`${template}.txt`, text],
      ]
    }),
  )
}
