/** docs/settings.md and .env.example, from the definitions of the settings. */
import { areas } from '../../src/config'
import { format, shownDefault, TITLES } from '../../src/config/print'
import type { Api, Setting } from '../../src/config/setting'
import { duration } from './limits/values'

type Area = keyof typeof areas

/** What the settings of an area are about; `api` if they affect one API only. */
const ABOUT: Record<Area, { text: string; api?: Api }> = {
  server: { text: 'where the server listens, its public URLs, proxies, logging, pages' },
  database: { text: 'SQLite or Postgres' },
  tokens: { text: 'secrets and signing keys, lifetimes of tokens, claims of roles' },
  encryption: { text: 'on a database that is shared with Supabase Auth' },
  accounts: { text: 'who may sign up, and rules of passwords' },
  accountPage: { text: 'the page at `/account`, and name, logo and color of all pages and mails' },
  captcha: { text: 'for sign-up, sign-in and messages' },
  sessions: { text: 'limits of sessions, and how long records are kept' },
  mfa: { text: 'authenticator apps, security keys, phones, recovery codes, passkeys' },
  oauth: { text: 'linking, custom providers, ID tokens, wallets', api: '/auth/v1' },
  providers: { text: 'the client of each provider', api: '/auth/v1' },
  federation: { text: 'servers whose accounts may sign in here', api: 'federation' },
  matrix: { text: 'accounts on a Synapse homeserver', api: '/api/auth' },
  mail: { text: 'the mail server, confirmation, links, redirects, notices' },
  sms: { text: 'the SMS provider, codes, test numbers', api: '/auth/v1' },
  hooks: { text: 'your own code around tokens, accounts and messages' },
  events: { text: 'changes of accounts for your backend' },
  backup: { text: 'when, where to and how long' },
  limits: { text: 'requests, guesses and messages' },
  templates: { text: 'texts and subjects of mails' },
}

/** The names of the tokens of each lifetime, in the order of their API. */
const LIFETIMES: [token: string, api: string, name: string][] = [
  ['Access token (JWT)', '`/auth/v1`', 'AUTH_JWT_EXP'],
  ['Access token of a native client (`cat_…`)', '`/api/auth`', 'AUTH_ACCESS_TOKEN_TTL_SECONDS'],
  ['Refresh token of a native client (`crt_…`), session cookie', '`/api/auth`', 'AUTH_REFRESH_TOKEN_TTL_SECONDS'],
  ['Access token of a service (JWT)', '`/api/auth`', 'AUTH_ACCESS_TOKEN_TTL'],
  ['Refresh token of a service (`srt_…`)', '`/api/auth`', 'AUTH_REFRESH_TOKEN_TTL'],
  ['Token of a federated sign-in (`fed_…`)', 'federation', 'AUTH_FEDERATION_TOKEN_TTL'],
]

const LIFETIMES_LINE = '- [Lifetimes of tokens](#lifetimes-of-tokens): which setting is for which API'

const entries = Object.entries(areas) as [Area, object][]

/** The contents and chapters of docs/settings.md, in Markdown. */
export function printSettings(): string {
  const contents = entries.map(([area]) => `- [${TITLES[area]}](#${anchorOf(TITLES[area])}): ${ABOUT[area].text}`)
  return [
    [LIFETIMES_LINE, ...contents].join('\n'),
    lifetimes(),
    ...entries.map(([area, group]) => chapter(area, group)),
  ].join('\n\n')
}

const anchorOf = (heading: string) => heading.toLowerCase().replaceAll(' ', '-')

function lifetimes(): string {
  const all = entries.flatMap(([, group]) => Object.values<Setting<unknown>>(group as Record<string, Setting<unknown>>))
  const rows = LIFETIMES.map(([token, api, name]) => {
    const setting = all.find(({ names }) => names[0] === name)
    if (!setting) throw new Error(`there is no setting ${name}`)
    return `| ${token} | ${api} | \`${name}\` | ${withUnit(setting)}, ${duration(Number(setting.default) * 1000)} |`
  })
  return [
    '## Lifetimes of tokens',
    '',
    'Each API has its own. A refresh token of `/auth/v1` lives as long as its session (`AUTH_SESSIONS_…`). All other lifetimes are in [Limits](limits.md#lifetimes).',
    '',
    '| token | API | setting | default |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function chapter(area: Area, group: object): string {
  const { api } = ABOUT[area]
  const rows = onePerFamily(group).map((each) => row(each, api))
  return [
    `## ${TITLES[area]}`,
    '',
    ...(api ? [`These affect ${shownApi(api)} only.`, ''] : []),
    '| name | form | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function row(each: Setting<unknown>, ofArea: Api | undefined): string {
  const [own, , ...further] = each.names
  const name = each.family ?? own
  const others = each.family === undefined ? further : []
  const also = others.length ? `<br>also ${others.map((other) => `\`${other}\``).join(', ')}` : ''
  const key = each.toml ?? each.tomlFile
  const toml = each.family === undefined ? key : key?.replace(/\.\w+\./, '.<provider>.')
  const scope = each.api && each.api !== ofArea ? `**${shownApi(each.api)} only.** ` : ''
  const meaning = `${scope}${each.doc}${toml ? ` TOML: \`${toml}\`.` : ''}`
  return `| \`${name}\`${also} | ${each.kind.name.replaceAll('|', '\\|')} | ${withUnit(each)} | ${meaning} |`
}

const shownApi = (api: Api) => (api === 'federation' ? api : `\`${api}\``)

const withUnit = (setting: Setting<unknown>) => `${shownDefault(setting)}${setting.unit ? ` ${setting.unit}` : ''}`

/** Every setting of an area; of a family, the first represents all. */
function onePerFamily(group: object): Setting<unknown>[] {
  const printedFamilies = new Set<string>()
  return Object.values<Setting<unknown>>(group as Record<string, Setting<unknown>>).filter(({ family }) => {
    if (family === undefined) return true
    const isFirst = !printedFamilies.has(family)
    printedFamilies.add(family)
    return isFirst
  })
}

/** `.env.example`: every setting with its description, all commented out. */
export function printEnvExample(): string {
  const chapters = entries.map(([area, group]) => {
    const lines = onePerFamily(group).map((each) => {
      const value = each.default === undefined ? '' : format(each, each.default)
      const note = each.defaultNote ? ` Default: ${each.defaultNote.replaceAll('`', '')}.` : ''
      const scope = each.api ? ` ${each.api} only.` : ''
      return `# ${each.doc}${scope}${note}\n#${each.family ?? each.names[0]}=${value}`
    })
    return [`# --- ${TITLES[area]} ---`, ...lines].join('\n\n')
  })
  return `# Generated from the setting definitions by \`npm run docs\`. Copy to .env and uncomment what you change.\n\n${chapters.join('\n\n')}\n`
}
