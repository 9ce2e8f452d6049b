/** The operator's own templates: which exist, and where each is stored. Reading them happens elsewhere. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAIL_TEMPLATES, type MailTemplate } from '../../../lib/mail-templates'
import { nearest } from '../../../lib/nearest'

export interface TemplateProblem {
  severity: 'error' | 'warning'
  message: string
}

/** A template that replaces a built-in one. */
export interface Override {
  /** The setting or the file, for messages. */
  name: string
  template: MailTemplate
  /** A lower-case BCP 47 tag; empty for every language without a file of its own. */
  language: string
  part: 'html' | 'text'
  kept: { in: 'setting'; text: string } | { in: 'file'; path: string } | { in: 'web'; url: string }
}

export interface Overrides {
  overrides: Override[]
  problems: TemplateProblem[]
}

export interface OverrideSources {
  /** Absolute path; the folder does not have to exist. */
  folder?: string
  /** A file path, an http(s) URL, or the text itself. */
  bodies: Partial<Record<MailTemplate, string>>
  siteUrl: string
}

/** Overrides from settings. Path or URL is decided once, here, so that a file that disappears later is reported. */
export async function settingOverrides({ bodies, siteUrl }: OverrideSources): Promise<Overrides> {
  const given = MAIL_TEMPLATES.map((template) => fromSetting(template, bodies[template] ?? '', siteUrl))
  return merge(await Promise.all(given))
}

/**
 * Adds the overrides from files of a folder. A setting wins over the file for the same template; files for a language
 * are added to either.
 * @throws if the folder exists but cannot be read
 */
export async function listFolder(folder: string, settings: Overrides, bodies: OverrideSources['bodies']) {
  const files = await fromFolder(folder)
  const isSet = ({ template, language }: Override) => language === '' && Boolean(bodies[template]?.trim())
  const unused = files.overrides.filter(isSet).map((file) => ({
    severity: 'warning' as const,
    message: `${file.name} is not used, because ${settingName(file.template)} is set`,
  }))
  const used = files.overrides.filter((file) => !isSet(file))
  return merge([settings, { overrides: used, problems: [...files.problems, ...unused] }])
}

const merge = (all: Overrides[]): Overrides => ({
  overrides: all.flatMap(({ overrides }) => overrides),
  problems: all.flatMap(({ problems }) => problems),
})

const none: Overrides = { overrides: [], problems: [] }
const error = (message: string): TemplateProblem => ({ severity: 'error', message })

export const settingName = (template: MailTemplate, what: 'TEMPLATES' | 'SUBJECTS' = 'TEMPLATES') =>
  `AUTH_MAILER_${what}_${template.toUpperCase()}`

/**
 * As in GoTrue, a path below the site URL is accepted as well; a local file of that path wins (GoTrue's
 * MAILER_TEMPLATES).
 */
async function fromSetting(template: MailTemplate, setting: string, siteUrl: string): Promise<Overrides> {
  const name = settingName(template)
  const value = setting.trim()
  const at = (kept: Override['kept'], label = name): Overrides => ({
    overrides: [{ name: label, template, language: '', part: 'html', kept }],
    problems: [],
  })
  if (value === '') return none
  if (/^https?:\/\//i.test(value)) return at({ in: 'web', url: value })
  if (/<|\{\{|\n/.test(value)) return at({ in: 'setting', text: setting })
  if (await isFile(value)) return at({ in: 'file', path: value }, `${name} (${value})`)
  if (value.startsWith('/')) {
    const url = siteUrl.replace(/\/+$/, '') + value
    return at({ in: 'web', url }, `${name} (no such file, so ${url})`)
  }
  const advice = 'give a file path, an http(s) URL, or the HTML itself'
  return { ...none, problems: [error(`${name} is ${value}, which is not a file; ${advice}`)] }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function fromFolder(folder: string): Promise<Overrides> {
  const found: Overrides = { overrides: [], problems: [] }
  for (const file of await fileNames(folder)) {
    const read = fromFile(folder, file)
    if ('message' in read) found.problems.push(read)
    else found.overrides.push(read)
  }
  return rejectStrays(found)
}

async function fileNames(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names.filter((name) => /\.(html|txt)$/i.test(name) && !name.startsWith('.')).sort()
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw problem
  }
}

/** `confirmation.html`, `confirmation.de.txt`; `confirm` and `magic-link` are accepted as well. */
function fromFile(folder: string, file: string): Override | TemplateProblem {
  const name = join(folder, file)
  const [, base = '', tag = '', ending = ''] = /^([^.]*)(?:\.(.+))?\.(html|txt)$/i.exec(file) ?? []
  const word = base.toLowerCase().replaceAll('-', '_')
  const template = MAIL_TEMPLATES.find((each) => each === (word === 'confirm' ? 'confirmation' : word))
  if (!template) return error(`${name} is not a mail template; ${advice(word, ending)}`)
  const language = tag.toLowerCase().replaceAll('_', '-')
  if (tag && !/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/.test(language))
    return error(`${name} has no valid language tag; name it ${base}.de.${ending}`)
  const part = ending.toLowerCase() === 'txt' ? 'text' : 'html'
  return { name, template, language, part, kept: { in: 'file', path: name } }
}

function advice(word: string, ending: string): string {
  const close = nearest(word, MAIL_TEMPLATES)
  return close ? `did you mean ${close}.${ending}?` : `the templates are ${MAIL_TEMPLATES.join(', ')}`
}

/** Rejects a second file for the same part of a mail, and a text part without an HTML part. */
function rejectStrays({ overrides, problems }: Overrides): Overrides {
  const slot = ({ template, language }: Override, part: string) => `${template}.${language}.${part}`
  const slots = new Map<string, Override>()
  const strays: TemplateProblem[] = []
  for (const each of overrides) {
    const first = slots.get(slot(each, each.part))
    if (first) strays.push(error(`${each.name} is the same template as ${first.name}; remove one of them`))
    else slots.set(slot(each, each.part), each)
  }
  for (const [key, { name, part, ...each }] of slots) {
    if (part === 'html' || slots.has(slot({ name, part, ...each }, 'html'))) continue
    slots.delete(key)
    strays.push(error(`${name} has no .html file beside it; a mail needs both`))
  }
  return { overrides: [...slots.values()], problems: [...problems, ...strays] }
}
