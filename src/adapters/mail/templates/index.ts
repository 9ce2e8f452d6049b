/**
 * What mails say: the built-in words, or the operator's own templates from settings and from a folder. All are checked
 * when they are read; a broken one is reported, and whatever was good before is used instead.
 */
import { MAIL_TEMPLATES, type MailTemplate, type MailTemplates } from '../../../core/ports'
import { builtIn } from './built-in'
import { checkSubject } from './check'
import { fetchText } from './fetch-text'
import { assemble, choose, fill, type Library, type TextOfHtml } from './mails'
import {
  listFolder,
  type OverrideSources,
  type Overrides,
  type Problem,
  settingName,
  settingOverrides,
} from './overrides'
import { type Reader, update, type Version } from './read'

export { TEMPLATE_FIELDS } from './check'

export interface TemplateSources extends OverrideSources {
  subjects: Partial<Record<MailTemplate, string>>
  /** A BCP 47 tag. */
  defaultLanguage: string
  /** How the web is read, other than by `fetch`. */
  fetchText?(url: string): Promise<string>
  /** Unix milliseconds; the system's clock where it is left out. */
  now?(): number
}

export interface LoadedTemplates {
  templates: MailTemplates
  /** An error is a template that would not be sent as it is written. */
  problems: Problem[]
  /**
   * Reads files again that have changed, come or gone, and the web where it was read over ten minutes ago.
   * @returns what has become wrong since the last time
   */
  refresh(): Promise<string[]>
}

/** Never fails: whatever is wrong is among the problems. */
export async function loadTemplates(sources: TemplateSources): Promise<LoadedTemplates> {
  const reader: Reader = { fetchText: sources.fetchText ?? fetchText, now: sources.now ?? Date.now }
  const { subjects, problems: wrongSubjects } = readSubjects(sources.subjects)
  const wording = { subjects, defaultLanguage: sources.defaultLanguage }
  let listed = await settingOverrides(sources)
  let versions: Version[] = []
  let library: Library = assemble(versions, wording)
  let textOf: TextOfHtml | undefined

  const settings = listed
  const read = async () => {
    const { found, problems } = await list(settings, sources, listed)
    listed = found
    const known = new Map(versions.map((version) => [version.override.name, version]))
    versions = found.overrides.map((override) => known.get(override.name) ?? { override })
    await Promise.all(versions.map((version) => update(version, reader)))
    library = assemble(versions, wording)
    textOf ??= await textMaker(library)
    return [...wrongSubjects, ...problems, ...versions.flatMap(({ problem }) => problem ?? [])]
  }

  const problems = await read()
  return {
    templates: {
      render: (template, values, languages) =>
        fill(choose(template, languages, library), values, textOf ?? ((html) => html)),
    },
    problems,
    refresh: oneAtATime(onlyNew(problems, read)),
  }
}

/** Loaded only where some mail needs it, since it takes a while. */
async function textMaker({ own }: Library): Promise<TextOfHtml | undefined> {
  const isNeeded = [...own.values()].some(({ text }) => text === undefined)
  return isNeeded ? (await import('./text-of-html')).textOfHtml : undefined
}

/** @param last what is used on where the folder cannot be read */
async function list(settings: Overrides, { bodies, folder }: TemplateSources, last: Overrides) {
  try {
    const found = folder === undefined ? settings : await listFolder(folder, settings, bodies)
    return { found, problems: found.problems }
  } catch (error) {
    const message = `the folder of mail templates cannot be read: ${(error as Error).message}`
    return { found: last, problems: [...last.problems, { severity: 'error' as const, message }] }
  }
}

function readSubjects(given: TemplateSources['subjects']): { subjects: Library['subjects']; problems: Problem[] } {
  const subjects: Library['subjects'] = new Map()
  const problems: Problem[] = []
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

/** The messages of problems that were not there the last time. */
function onlyNew(before: Problem[], read: () => Promise<Problem[]>): () => Promise<string[]> {
  let known = new Set(before.map(({ message }) => message))
  return async () => {
    const messages = (await read()).map(({ message }) => message)
    const fresh = messages.filter((message) => !known.has(message))
    known = new Set(messages)
    return fresh
  }
}

/** Whoever calls while it runs gets the result of that run. */
function oneAtATime<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

/** The built-in mails in English as files of a template folder, by file name. */
export function templatesExport(): Record<string, string> {
  return Object.fromEntries(
    MAIL_TEMPLATES.flatMap((template) => {
      const { subject, html, text } = builtIn(template, 'en')
      return [
        [`${template}.html`, `<!-- subject: ${subject} -->\n${html}`],
        [`${template}.txt`, text],
      ]
    }),
  )
}
