/** The settings as text, for `latchkey check --print` and the dashboard. */
import { areas } from './index'
import type { LoadedSetting } from './load'
import type { Setting } from './setting'

export const TITLES: Record<keyof typeof areas, string> = {
  server: 'Server',
  database: 'Database',
  tokens: 'Tokens and keys',
  encryption: 'Secrets in tables shared with GoTrue',
  accounts: 'Accounts and passwords',
  accountPage: 'Account page and look',
  captcha: 'Captcha',
  sessions: 'Sessions and retention',
  mfa: 'Second factors',
  oauth: 'OAuth sign-in',
  providers: 'OAuth providers',
  federation: 'Federation',
  matrix: 'Matrix accounts',
  mail: 'Mail and links',
  sms: 'SMS',
  hooks: 'Hooks',
  events: 'Events',
  backup: 'Backups',
  limits: 'Rate limits',
  templates: 'Mail templates',
}

/** A setting in force, for people. Secrets are masked. */
export interface DescribedSetting {
  area: string
  name: string
  /** Null if it is not set. */
  value: string | null
  /** For example `environment AUTH_JWT_EXP` or `default`. */
  origin: string
  isDefault: boolean
  isSecret: boolean
  /** The default, or what it depends on. */
  default: string
  unit: string | null
  description: string
}

export function describeLoaded(loaded: readonly LoadedSetting[]): DescribedSetting[] {
  return loaded.map(({ setting, value, origin }) => ({
    area: areaOf(setting),
    name: setting.names[0],
    value: value === undefined ? null : masked(setting, value),
    origin,
    isDefault: origin === 'default',
    isSecret: setting.secret === true,
    default: shownDefault(setting).replaceAll('`', ''),
    unit: setting.unit ?? null,
    description: setting.doc.replaceAll('`', ''),
  }))
}

const MASK = '********'

const masked = (setting: Setting<unknown>, value: unknown) =>
  setting.secret ? MASK : withoutCredentials(format(setting, value))

/** A URL may have a password in it, or a token in its query. */
function withoutCredentials(text: string): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text
  const url = new URL(text)
  if (url.username === '' && url.password === '' && url.search === '') return text
  if (url.username !== '') url.username = MASK
  if (url.password !== '') url.password = MASK
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, MASK)
  return url.href
}

const areaBySetting = new Map<Setting<unknown>, string>(
  Object.entries(areas).flatMap(([area, group]) =>
    Object.values<Setting<unknown>>(group).map((each) => [each, TITLES[area as keyof typeof areas]] as const),
  ),
)
const areaOf = (setting: Setting<unknown>) => areaBySetting.get(setting) ?? ''

/** One line per setting: name, value, origin. Secrets are masked. */
export function printLoaded(loaded: LoadedSetting[]): string {
  const rows = loaded.map(({ setting, value, origin }) => [setting.names[0], shown(setting, value), origin] as const)
  const width = (column: 0 | 1) => Math.min(60, Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map(([name, value, origin]) => `${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${origin}`)
    .join('\n')
}

function shown(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined) return setting.defaultNote ? `(${setting.defaultNote.replaceAll('`', '')})` : '(unset)'
  return masked(setting, value)
}

export const format = ({ kind }: Setting<unknown>, value: unknown) => kind.format?.(value) ?? String(value)

/** In Markdown. */
export function shownDefault(setting: Setting<unknown>): string {
  if (setting.defaultNote) return setting.defaultNote
  const value = setting.default === undefined ? '' : format(setting, setting.default)
  return value === '' ? 'none' : `\`${value}\``
}
