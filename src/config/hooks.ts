/** Hooks: what is called when something happens, and may refuse it (docs/hooks.md). */
import { HOOK_KEYS, HOOKS, type HookKey } from '../hooks'
import type { HookDeclaration } from '../hooks/define'
import { isFunctionUri, parseFunctionUri } from '../lib/function-uri'
import { field } from './policy-field'
import { setting } from './setting'
import { choice, flag, secret, type ValueType } from './value-types'

/** As GoTrue: https anywhere, http to these hosts only. */
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', 'host.docker.internal'])

const isAllowed = (value: string): boolean => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL_HOSTS.has(url.hostname))
}

/** By the rule of hooks, but not a function. */
export const webhookUrl: ValueType<string> = {
  name: 'URL',
  parse(value) {
    if (!isAllowed(value)) throw new Error('an https URL, or an http URL on this machine')
    return value
  },
}

const hookUrl: ValueType<string> = {
  name: 'URL',
  parse(value) {
    if (isFunctionUri(value)) {
      if (parseFunctionUri(value)) return value
      throw new Error(
        'of the form pg-functions://postgres/<schema>/<function>, with names of letters, digits and underscores',
      )
    }
    if (!isAllowed(value))
      throw new Error('an https URL, an http URL on this machine, or pg-functions://postgres/<schema>/<function>')
    return value
  },
}

/** `v1,whsec_<base64>` secrets separated by `|` (Standard Webhooks); as in GoTrue, empty ones are skipped. */
export const hookSecrets: ValueType<string> = {
  ...secret(1),
  parse(value) {
    const secrets = value.split('|').filter((one) => one !== '')
    if (secrets.some((one) => one.startsWith('v1a,')))
      throw new Error(
        'secrets of the form v1,whsec_<base64>: GoTrue accepts v1a key pairs at start, but signs nothing with them',
      )
    if (secrets.length === 0 || secrets.some((one) => !/^v1,whsec_[A-Za-z0-9+/=_-]{8,}$/.test(one)))
      throw new Error('secrets of the form v1,whsec_<base64>, separated by |')
    return secrets.join('|')
  },
}

const settingsOf = ({ setting: name, doc }: HookDeclaration) => {
  const table = `hook.${name.toLowerCase()}`
  return {
    Enabled: setting({
      name: `HOOK_${name}_ENABLED`,
      toml: `${table}.enabled`,
      kind: flag,
      default: false,
      doc: `Enable the hook that ${doc}.`,
    }),
    Uri: setting({
      name: `HOOK_${name}_URI`,
      toml: `${table}.uri`,
      switchedBy: `HOOK_${name}_ENABLED`,
      kind: hookUrl,
      defaultNote: 'none',
      doc: `URL of the hook that ${doc}; on Postgres also \`pg-functions://postgres/<schema>/<function>\`.`,
    }),
    Secrets: setting({
      name: `HOOK_${name}_SECRETS`,
      toml: `${table}.secrets`,
      switchedBy: `HOOK_${name}_ENABLED`,
      kind: hookSecrets,
      secret: true,
      doc: 'Secrets for signing the requests of the hook (Standard Webhooks), separated by `|`.',
    }),
  }
}

type HookSettings = ReturnType<typeof settingsOf>

const ofEach = Object.fromEntries(
  HOOK_KEYS.flatMap((key) => Object.entries(settingsOf(HOOKS[key])).map(([suffix, each]) => [`${key}${suffix}`, each])),
) as { [Key in `${HookKey}Enabled`]: HookSettings['Enabled'] } & { [Key in `${HookKey}Uri`]: HookSettings['Uri'] } & {
  [Key in `${HookKey}Secrets`]: HookSettings['Secrets']
}

/** Each setting under its own name, for example `sendEmailUri`. */
export const hooks = {
  ...ofEach,
  afterUserCreatedMode: setting({
    name: 'HOOK_AFTER_USER_CREATED_MODE',
    kind: choice('outbox', 'inline'),
    default: 'outbox',
    feeds: field('afterUserCreatedMode'),
    doc: 'When the hook is called: `outbox` once for each account, after the response and until it succeeds; `inline` during the requests in which Supabase Auth calls it.',
  }),
}
