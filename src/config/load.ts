/** Reads every setting from its sources and reports all that is wrong with them at once. */
import { flawOfGlob } from '../lib/glob'
import { nearest } from '../lib/nearest'
import { isForeignName, isForeignTomlKey } from './foreign-names'
import { allSettings, areas, type Settings } from './index'
import type { Setting } from './setting'

type Named = Record<string, string | undefined>

/** Where values come from, strongest first: flags, environment, `.env`, config.toml. */
export interface Sources {
  /** Values by flag, such as `--port`. */
  flags?: Record<string, string>
  /** Values by name, from `--set NAME=value`. */
  set?: Record<string, string>
  env?: Named
  envFile?: { path: string; values: Named }
  toml?: { path: string; auth: Record<string, unknown> }
  /** Reads a file that a setting points at. @param from the file that names it, where that is not the working folder */
  readFile?(path: string, from?: string): string
}

/** `error` and `unknown` (a name nobody knows) want mending, `warning` wants a look, `note` tells that something has no effect. */
export interface Problem {
  severity: 'error' | 'unknown' | 'warning' | 'note'
  message: string
}

/** One line of `latchkey check --print`. */
export interface Loaded {
  setting: Setting<unknown>
  value: unknown
  /** Such as `environment GOTRUE_JWT_EXP` or `default`. */
  origin: string
}

export interface Configuration {
  settings: Settings
  loaded: Loaded[]
  problems: Problem[]
}

/** These short names belong to other software just as often, so a neighbour's `.env` does not count (settled 24). */
const ENVIRONMENT_ONLY = /^(DATABASE_URL|JWT_SECRET|DEBUG|PORT)(_FILE)?$/

interface Found {
  text: string
  origin: string
}

export function load(given: Sources): Configuration {
  const problems: Problem[] = []
  const sources = withoutForeigners(given)
  const origins = new Map<Setting<unknown>, string>()
  const settings: Record<string, Record<string, unknown>> = {}
  for (const [area, group] of Object.entries(areas)) {
    settings[area] = {}
    for (const [key, each] of Object.entries<Setting<unknown>>(group)) {
      const found = find(each, sources, problems)
      settings[area][key] = found ? parse(each, found, problems) : each.default
      origins.set(each, found?.origin ?? 'default')
    }
  }
  reportUnknownNames(sources, problems)
  reportUnknownKeys(sources, problems)
  const complete = settings as unknown as Settings
  fillIn(complete)
  crossCheck(complete, problems)
  const loaded = Object.entries(areas).flatMap(([area, group]) =>
    Object.entries<Setting<unknown>>(group).map(([key, each]) => ({
      setting: each,
      value: settings[area]?.[key],
      origin: origins.get(each) ?? 'default',
    })),
  )
  return { settings: complete, loaded, problems }
}

function withoutForeigners({ envFile, ...sources }: Sources): Sources {
  if (!envFile) return sources
  const own = Object.entries(envFile.values).filter(([name]) => !ENVIRONMENT_ONLY.test(name))
  return { ...sources, envFile: { ...envFile, values: Object.fromEntries(own) } }
}

function find(each: Setting<unknown>, sources: Sources, problems: Problem[]): Found | undefined {
  const { flags = {}, set = {}, env = {}, envFile } = sources
  const flagged = each.flag === undefined ? undefined : flags[each.flag]
  if (flagged !== undefined) return { text: flagged, origin: `flag ${each.flag}` }
  return (
    findNamed(each, set, 'flag --set', sources, problems) ??
    findNamed(each, env, 'environment', sources, problems) ??
    (envFile && findNamed(each, envFile.values, envFile.path, sources, problems)) ??
    findToml(each, sources, problems)
  )
}

/** The first of the setting's names that is set there. An empty value counts as unset, as Compose files leave it. */
function findNamed(
  each: Setting<unknown>,
  values: Named,
  where: string,
  sources: Sources,
  problems: Problem[],
): Found | undefined {
  const found: Found[] = []
  for (const name of each.names) {
    const text = values[name]
    if (text) found.push({ text, origin: `${where} ${name}` })
    const path = each.secret ? values[`${name}_FILE`] : undefined
    const content = path ? readFile(`${where} ${name}_FILE`, path, sources, problems) : undefined
    if (content !== undefined) found.push({ text: content, origin: `${where} ${name}_FILE` })
  }
  const [first, ...others] = found
  const differing = others.find((other) => other.text !== first?.text)
  if (first && differing)
    problems.push({
      severity: 'warning',
      message: `${first.origin} and ${differing.origin} differ; the first one counts.`,
    })
  return first
}

function findToml(each: Setting<unknown>, sources: Sources, problems: Problem[]): Found | undefined {
  if (each.tomlNeeds && !readToml(each.tomlNeeds, sources, problems)) return undefined
  const direct =
    readToml(each.toml, sources, problems) ?? readSwitches(each, sources) ?? readTable(each.tomlTable, sources)
  if (direct) {
    try {
      return { ...direct, text: each.fromToml?.(direct.text) ?? direct.text }
    } catch (error) {
      problems.push({
        severity: 'error',
        message: `${direct.origin} must be ${(error as Error).message}, not ${JSON.stringify(direct.text)}.`,
      })
      return undefined
    }
  }
  const file = readToml(each.tomlFile, sources, problems)
  const content = file && readFile(file.origin, file.text, sources, problems, sources.toml?.path)
  return content === undefined ? undefined : { text: content, origin: file?.origin ?? '' }
}

/** The text of a key below `[auth]`; `env(NAME)` stands for a variable. */
function readToml(key: string | undefined, sources: Sources, problems: Problem[]): Found | undefined {
  const { toml, env = {}, envFile } = sources
  const raw = key === undefined || !toml ? undefined : leaves(toml.auth).find(([name]) => name === key)?.[1]
  if (key === undefined || raw === undefined || isSwitchedOff(key, sources)) return undefined
  const origin = `${toml?.path} [auth] ${key}`
  const reference = typeof raw === 'string' ? /^env\((\w+)\)$/.exec(raw)?.[1] : undefined
  const text = reference === undefined ? String(raw) : (env[reference] ?? envFile?.values[reference] ?? '')
  if (reference !== undefined && text === '')
    problems.push({ severity: 'warning', message: `${origin} refers to ${reference}, which is not set.` })
  return text === '' ? undefined : { text, origin }
}

/** Whether a key is in a table whose own `enabled` is false, so that nothing in it counts. */
function isSwitchedOff(key: string, { toml }: Sources): boolean {
  const table = key.slice(0, key.lastIndexOf('.') + 1)
  if (table === '' || key === `${table}enabled`) return false
  return leaves(toml?.auth ?? {}).some(([name, value]) => name === `${table}enabled` && value === false)
}

/** The text that a switch stands for which is on. */
function readSwitches({ tomlSwitches = {} }: Setting<unknown>, { toml }: Sources): Found | undefined {
  const on = leaves(toml?.auth ?? {}).find(([key, value]) => Object.hasOwn(tomlSwitches, key) && value === true)
  return on && { text: tomlSwitches[on[0]] as string, origin: `${toml?.path} [auth] ${on[0]}` }
}

/** The entries of a table, as the list that a variable would hold. */
function readTable(table: string | undefined, { toml }: Sources): Found | undefined {
  const entries = leaves(toml?.auth ?? {}).filter(([key]) => table !== undefined && key.startsWith(`${table}.`))
  if (table === undefined || entries.length === 0) return undefined
  const text = entries.map(([key, value]) => `${key.slice(table.length + 1)}:${String(value)}`).join(',')
  return { text, origin: `${toml?.path} [auth.${table}]` }
}

function readFile(
  origin: string,
  path: string,
  { readFile: read }: Sources,
  problems: Problem[],
  from?: string,
): string | undefined {
  try {
    if (!read) throw new Error('no files are read here')
    return read(path, from).trim()
  } catch (error) {
    problems.push({
      severity: 'error',
      message: `${origin} names ${path}, which cannot be read: ${(error as Error).message}`,
    })
    return undefined
  }
}

function parse(each: Setting<unknown>, found: Found, problems: Problem[]): unknown {
  const text = found.text.trim()
  try {
    if (text === '') throw new Error('given a value, or left out')
    return each.kind.parse(text)
  } catch (error) {
    // a URL may carry a password
    const shown = each.secret ? '' : `, not ${JSON.stringify(found.text.replace(/\/\/[^/@]*@/, '//…@'))}`
    problems.push({
      severity: 'error',
      message: `${each.names[0]} (${found.origin}) must be ${(error as Error).message}${shown}.`,
    })
    return each.default
  }
}

function reportUnknownNames({ set = {}, env = {}, envFile }: Sources, problems: Problem[]): void {
  const known = new Set(
    allSettings.flatMap(({ names, secret }) => names.flatMap((name) => (secret ? [name, `${name}_FILE`] : [name]))),
  )
  const ours = (values: Named) =>
    Object.entries(values).filter(([name, value]) => value && /^(AUTH|GOTRUE)_/.test(name))
  const report = (entries: [string, string | undefined][], severity: 'error' | 'unknown') => {
    for (const [name, value] of entries.sort()) {
      if (known.has(name)) continue
      const close = nearest(name, known)
      if (isForeignName(name)) problems.push(foreign(name, value))
      else
        problems.push({ severity, message: `${name} is no known setting${close ? `; did you mean ${close}?` : '.'}` })
    }
  }
  // a flag is typed for us alone, so a wrong one stops the start; the environment is shared with others
  report(Object.entries(set), 'error')
  report(ours({ ...envFile?.values, ...env }), 'unknown')
}

function reportUnknownKeys({ toml }: Sources, problems: Problem[]): void {
  const known = new Set(
    allSettings
      .flatMap((each) => [each.toml, each.tomlFile, ...Object.keys(each.tomlSwitches ?? {})])
      .filter((key) => key !== undefined),
  )
  const tables = allSettings.map(({ tomlTable }) => tomlTable).filter((table) => table !== undefined)
  const isKnown = (key: string) =>
    known.has(key) ||
    tables.some((table) => key.startsWith(`${table}.`)) ||
    // it only says whether its neighbours count
    (key.endsWith('.enabled') && [...known].some((other) => other.startsWith(key.slice(0, -'enabled'.length))))
  for (const [key, value] of toml ? leaves(toml.auth) : []) {
    // `enabled` would switch the whole service, which nobody starts to have it off
    if (isKnown(key) || key === 'enabled') continue
    const name = `${toml?.path} [auth] ${key}`
    const close = nearest(key, known)
    if (isForeignTomlKey(key)) problems.push(foreign(name, String(value)))
    else
      problems.push({
        severity: 'unknown',
        message: `${name} is no known setting${close ? `; did you mean ${close}?` : '.'}`,
      })
  }
}

/** A switch that is on and does nothing is worth a warning, since somebody may rely on it. */
function foreign(name: string, value: string | undefined): Problem {
  const isOn =
    /(enabled|require_\w+|single_per_user|secure_password_change)$/i.test(name) &&
    /^(true|1|t|yes|on)$/i.test(value ?? '')
  if (isOn)
    return { severity: 'warning', message: `${name} is on, but this version does not have what it switches on.` }
  return {
    severity: 'note',
    message: `${name} is a setting of Supabase's that this version does not have; it changes nothing.`,
  }
}

/** Every value below a table, with its dotted key. */
function leaves(table: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leaves(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[`${prefix}${key}`, value]],
  )
}

/** Works out the defaults that depend on other settings. */
function fillIn({ server, tokens, mail, sms, hooks, limits }: Settings): void {
  server.apiExternalUrl ??= `http://localhost:${server.port}/auth/v1`
  tokens.jwtIssuer ??= server.apiExternalUrl
  const mailLeaves = mail.smtpHost !== undefined || hooks.sendEmailEnabled
  mail.mailerAutoconfirm ??= !mailLeaves
  const isLimited = limits.rateLimits === 'on'
  limits.emailsSent ??= mailLeaves && isLimited ? MESSAGES_AN_HOUR : undefined
  limits.smsSent ??= (sms.provider !== undefined || hooks.sendSmsEnabled) && isLimited ? MESSAGES_AN_HOUR : undefined
  const site = server.siteUrl.replace(/\/+$/, '')
  mail.passwordResetUrl ??= `${site}/reset-password`
  mail.emailChangeUrl ??= `${site}/confirm-email`
  mail.magicLinkUrl ??= `${site}/magic-link`
}

/** GoTrue's default. */
const MESSAGES_AN_HOUR = { count: 30, refillMs: undefined }

/** What one setting cannot say about itself. */
function crossCheck({ server, tokens, mail, sms, hooks }: Settings, problems: Problem[]): void {
  const error = (message: string) => problems.push({ severity: 'error', message })
  const warn = (message: string) => problems.push({ severity: 'warning', message })
  const signing =
    tokens.jwtKeys?.find(({ key_ops: operations }) => Array.isArray(operations) && operations.includes('sign'))?.alg ??
    'HS256'
  if (tokens.jwtValidMethods && !tokens.jwtValidMethods.includes(String(signing)))
    error(
      `AUTH_JWT_VALID_METHODS must list ${signing}, with which this server signs; otherwise it refuses its own tokens.`,
    )
  if (tokens.jwtAdminRoles.includes(tokens.jwtDefaultGroupName))
    error(`AUTH_JWT_ADMIN_ROLES must not list ${tokens.jwtDefaultGroupName}, the role of every new user.`)
  if (server.trustedProxies.some(([, bits]) => bits === 0))
    warn('AUTH_TRUSTED_PROXIES trusts everybody: any client can then say where it comes from.')
  for (const pattern of mail.redirects) {
    const flaw = flawOfGlob(pattern)
    if (flaw) error(`AUTH_URI_ALLOW_LIST holds ${JSON.stringify(pattern)}, which is no pattern: ${flaw}.`)
  }
  if (hooks.sendEmailEnabled && !(hooks.sendEmailUri && hooks.sendEmailSecrets))
    error('AUTH_HOOK_SEND_EMAIL_ENABLED needs AUTH_HOOK_SEND_EMAIL_URI and AUTH_HOOK_SEND_EMAIL_SECRETS.')
  if (hooks.sendSmsEnabled && !(hooks.sendSmsUri && hooks.sendSmsSecrets))
    error('AUTH_HOOK_SEND_SMS_ENABLED needs AUTH_HOOK_SEND_SMS_URI and AUTH_HOOK_SEND_SMS_SECRETS.')
  const missing = hooks.sendSmsEnabled ? [] : missingFor(sms)
  if (missing.length > 0) error(`AUTH_SMS_PROVIDER is ${sms.provider}, which needs ${missing.join(' and ')}.`)
  if (mail.smtpUser !== undefined && mail.smtpPass === undefined)
    error('AUTH_SMTP_USER is set, so AUTH_SMTP_PASS must be as well.')
  if (mail.smtpHost === undefined && !hooks.sendEmailEnabled && mail.mailbox === 'off')
    warn('AUTH_MAILBOX is off and no SMTP server is set: mail goes nowhere.')
  if (mail.smtpHost !== undefined && mail.smtpAdminEmail === areas.mail.smtpAdminEmail.default)
    warn('AUTH_SMTP_ADMIN_EMAIL is not set: mails come from an address that no mail server accepts.')
  if (tokens.jwtExpSeconds < 120)
    warn('AUTH_JWT_EXP is under 120 s: supabase-js refreshes 90 s ahead, so it would refresh without pause.')
}

/** Settings that an SMS provider cannot do without and that are not set. */
function missingFor(sms: Settings['sms']): string[] {
  const needed: Record<NonNullable<typeof sms.provider>, (keyof typeof sms)[]> = {
    twilio: ['twilioAccountSid', 'twilioAuthToken', 'twilioMessageServiceSid'],
    twilio_verify: ['twilioVerifyAccountSid', 'twilioVerifyAuthToken', 'twilioVerifyMessageServiceSid'],
    messagebird: ['messagebirdAccessKey', 'messagebirdOriginator'],
    textlocal: ['textlocalApiKey', 'textlocalSender'],
    vonage: ['vonageApiKey', 'vonageApiSecret', 'vonageFrom'],
  }
  const keys = sms.provider === undefined ? [] : needed[sms.provider]
  return keys.filter((key) => sms[key] === undefined).map((key) => areas.sms[key].names[0])
}
