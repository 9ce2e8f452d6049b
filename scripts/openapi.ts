/**
 * The OpenAPI document, generated from the schemas of the routes.
 *
 *   bun scripts/openapi.ts write       regenerates openapi.json
 *   bun scripts/openapi.ts check       fails if openapi.json differs from the generated document or is not valid
 *   bun scripts/openapi.ts coverage    fails if a route is missing from it, or an entry does not describe its responses
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toOpenAPISchema } from '@elysiajs/openapi'
import { Validator } from '@seriousme/openapi-schema-validator'
import { ensureSecrets } from '../src/adapters/data-folder'
import { systemRandom } from '../src/adapters/system'
import { type App, createApp } from '../src/compose/app'
import { load } from '../src/config/load'
import { createLog } from '../src/http/log'
import { PREFIX } from '../src/surfaces/gotrue'
import { version } from '../src/version'

type Node = Record<string, unknown>

const FILE = join(import.meta.dir, '..', 'openapi.json')
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** The tags, in the order in which a reader needs them. */
const TAGS: [name: string, description: string][] = [
  ['Sign-up and sign-in', 'Create an account, sign in, refresh a session.'],
  ['Links and codes', 'Magic links, codes, confirmation and recovery: request a message, then use its link or code.'],
  ['Own account', 'Read, change and delete the account of the signed-in user.'],
  ['Account page', 'What the page at `/account` needs besides the API for applications.'],
  ['Sessions', 'Where a user is signed in, and how to end it.'],
  ['OAuth and identities', 'Sign in with an OAuth provider such as GitHub, and link or unlink identities.'],
  ['Passkeys', 'Register passkeys and sign in with them.'],
  ['Second factors', 'Authenticator apps, phones, security keys and recovery codes: enrol, verify and remove.'],
  ['Administration', 'For your own servers. Needs the secret key, or the token of a user with the role `admin`.'],
  ['Native clients', 'Opaque token pairs and personal access tokens, for clients without a cookie jar.'],
  ['Services', 'For services behind a gateway: accounts, roles in the token, and introspection of tokens.'],
  [
    'Links to your own pages',
    'Recovery, change of address and magic links whose mails lead to pages of your application.',
  ],
  ['Federation', 'Sign in with a choice of server: this one, or another that is listed.'],
  ['Mailbox', 'Messages that would have been sent, for development and tests. On while no mail server is configured.'],
  ['Server', 'What the server offers, its public keys, and its health.'],
]

/** Runs work on an app that listens nowhere and keeps nothing. */
async function withApp<T>(work: (app: App) => T | Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  const { settings, loaded } = load({
    set: { AUTH_SECURITY_CAPTCHA_ENABLED: 'true', AUTH_SECURITY_CAPTCHA_PROVIDER: 'pow' },
  })
  const database = join(folder, 'latchkey.db')
  const { secrets } = ensureSecrets(folder, { database, random: systemRandom.bytes, now: 0 })
  const log = createLog({ level: 'off', format: 'json', write() {}, now: () => 0 })
  const app = await createApp({ settings, loaded, secrets, folder, log })
  try {
    return await work(app)
  } finally {
    await app.close()
    rmSync(folder, { recursive: true })
  }
}

export async function generate(): Promise<string> {
  return withApp(({ routes }) => {
    const { paths, components } = toOpenAPISchema(routes, { staticFile: false } as never)
    const schemas: Node = {}
    const document = {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version,
        description:
          'Supabase Auth in one file. Authorize with a user token (from `/signup` or `/token`), or for the admin API with the secret key that `latchkey keys` prints; a service_role JWT counts as a user token there. Pages of this origin may use the cookie of `/api/auth/login` instead of a token. Every path below `/auth/v1` is answered without that prefix too. Beside the answers listed, any request may get 413 (a body over 1 MiB), 500 or 504.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: TAGS.map(([name, description]) => ({ name, description })),
      paths: inOrder(tidyPaths(mend(paths, schemas) as Record<string, Node>)),
      components: {
        parameters: PARAMETERS,
        schemas: { ...(mend(components?.schemas ?? {}, schemas) as Node), ...sorted(schemas) },
        securitySchemes: {
          userToken: {
            type: 'http',
            scheme: 'bearer',
            description:
              'The `access_token` of a session, from `/signup` or `/token`. Tokens of every other kind that this server issues count as well.',
          },
          secretKey: {
            type: 'apiKey',
            in: 'header',
            name: 'apikey',
            description: 'The secret key `sb_secret_…`, from `latchkey keys`. For the admin API.',
          },
        },
      },
    }
    return `${JSON.stringify(document, null, 2)}\n`
  })
}

/**
 * Makes what Elysia and TypeBox print into OpenAPI 3.1: named schemas become components, and records the
 * additionalProperties they are.
 */
function mend(value: unknown, schemas: Node): unknown {
  if (Array.isArray(value)) return value.map((item) => mend(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  const { $id, patternProperties, ...rest } = value as Node
  const mended: Node = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, mend(item, schemas)]))
  if (patternProperties) mended.additionalProperties = mend(Object.values(patternProperties as Node)[0], schemas)
  // Responses may have more members in later versions.
  else if (mended.additionalProperties === false) delete mended.additionalProperties
  if (typeof $id !== 'string') return mended
  schemas[$id] = mended
  return { $ref: `#/components/schemas/${$id}` }
}

interface Parameter {
  name?: string
  in?: string
  schema?: Node
  $ref?: string
}

interface Operation {
  operationId: string
  tags: string[]
  parameters?: Parameter[]
  responses: Record<string, Node>
}

function tidyPaths(paths: Record<string, Node>): Record<string, Node> {
  for (const [path, item] of Object.entries(paths)) {
    for (const operation of METHODS.map((method) => item[method] as Operation | undefined)) {
      if (!operation) continue
      const { parameters = [], responses } = operation
      for (const parameter of parameters)
        if (parameter.in === 'path') Object.assign(parameter, PATH_PARAMETERS[parameter.name ?? ''] ?? UUID)
      if (path.startsWith(PREFIX))
        operation.parameters = [...parameters, { $ref: '#/components/parameters/ApiVersion' }]
      for (const [status, response] of Object.entries(responses)) {
        response.description =
          (path.startsWith(PREFIX) || path === '/ready' ? STATUS[status] : undefined) ?? response.description
        const content = response.content as Node | undefined
        if (content?.type === 'void') delete response.content
        // Text that is not JSON is a page, or a script.
        const textType = path.endsWith('.js') ? 'text/javascript' : 'text/html'
        if (content?.['text/plain']) response.content = { [textType]: content['text/plain'] }
        if (status === '429')
          response.headers = { 'Retry-After': header('Seconds until it is worth trying again.', 'integer') }
      }
      const isList = parameters.some(({ name }) => name === 'per_page')
      if (isList && responses[200]) responses[200].headers = LIST_HEADERS
    }
  }
  return paths
}

/** The operations by tag, and within a tag in the order of the surfaces' lists: Swagger UI shows them in this order. */
function inOrder(paths: Record<string, Node>): Node {
  const rank = (item: Node) => {
    const [tag = ''] = (METHODS.map((method) => item[method] as Operation | undefined).find(Boolean) as Operation).tags
    return TAGS.findIndex(([name]) => name === tag)
  }
  return Object.fromEntries(Object.entries(paths).sort(([, one], [, other]) => rank(one) - rank(other)))
}

const UUID = { description: 'A UUID.', schema: { type: 'string', format: 'uuid' } }
const PATH_PARAMETERS: Record<string, Node> = {
  role: { description: 'Such as `admin`.', schema: { type: 'string' } },
  identifier: { description: 'Such as `custom:keycloak`.', schema: { type: 'string' } },
}
const header = (description: string, type: string) => ({ description, schema: { type } })
const LIST_HEADERS = {
  'X-Total-Count': header('How many there are over all pages.', 'integer'),
  Link: header('The next and the last page (RFC 8288).', 'string'),
}
const PARAMETERS = {
  ApiVersion: {
    name: 'X-Supabase-Api-Version',
    in: 'header',
    required: false,
    description: 'With `2024-01-01` errors are `{code, message}`; without it they are `{code, error_code, msg}`.',
    schema: { type: 'string', default: '2024-01-01' },
  },
}

const STATUS: Record<string, string> = {
  200: 'Done.',
  204: 'Done.',
  302: 'Leads to the address in `Location`.',
  303: 'Leads to the address in `Location`.',
  400: 'The request is not right.',
  401: 'A bearer token is missing.',
  403: 'The token is invalid, its session is over, or it does not allow this.',
  404: 'There is no such thing.',
  409: 'Another request was in the way; try again.',
  422: 'Refused by the rules of this server.',
  429: 'Too many requests; see Retry-After.',
  503: 'Not now.',
}

const sorted = (object: Node): Node => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))

/** @returns the problems; empty if there are none */
async function check(): Promise<string[]> {
  const committed = readFileSync(FILE, 'utf8')
  const problems =
    committed === (await generate()) ? [] : ['openapi.json is not what the schemas generate; run `npm run docs`']
  const { valid, errors } = await new Validator().validate(JSON.parse(committed))
  if (!valid) problems.push(`openapi.json is not valid OpenAPI: ${JSON.stringify(errors)}`)
  return [...problems, ...ambiguities(JSON.parse(committed))]
}

interface Document {
  tags: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
}

/** What the validator does not look at: operations with the same name, and tags that nothing explains or uses. */
export function ambiguities({ tags, paths }: Document): string[] {
  const problems: string[] = []
  const known = new Map<string, string>()
  const used = new Set<string>()
  for (const [path, item] of Object.entries(paths))
    for (const [method, { operationId, tags: own = [] }] of Object.entries(item)) {
      const name = `${method.toUpperCase()} ${path}`
      const earlier = known.get(operationId)
      if (!operationId) problems.push(`${name} has no operationId`)
      else if (earlier !== undefined) problems.push(`${name} has the operationId ${operationId}, as ${earlier} has`)
      known.set(operationId, name)
      if (own.length !== 1) problems.push(`${name} needs one tag`)
      for (const tag of own) used.add(tag)
    }
  const declared = tags.filter(({ description }) => description).map(({ name }) => name)
  for (const tag of used)
    if (!declared.includes(tag)) problems.push(`the tag ${tag} is not declared with a description`)
  for (const tag of declared) if (!used.has(tag)) problems.push(`no operation has the tag ${tag}`)
  return problems
}

/** Below this number, the routes were not listed, and a check of them would mean nothing. */
const FEWEST_OPERATIONS = 16

/** @returns the number of documented operations, and the missing ones */
async function coverage(): Promise<{ count: number; problems: string[] }> {
  const { paths } = JSON.parse(readFileSync(FILE, 'utf8')) as { paths: Record<string, Record<string, Node>> }
  const problems: string[] = []
  let count = 0
  await withApp(({ routes }) => {
    for (const { method, path, hooks } of routes.routes) {
      if ((hooks as { detail?: { hide?: boolean } }).detail?.hide) continue
      const entry = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
      if (entry) count += 1
      else problems.push(`${method} ${path} has no entry`)
    }
  })
  for (const [path, item] of Object.entries(paths))
    for (const [method, operation] of Object.entries(item))
      problems.push(...gaps(`${method.toUpperCase()} ${path}`, operation))
  if (count < FEWEST_OPERATIONS) problems.push(`only ${count} operations were found`)
  return { count, problems }
}

/** An answer with a body needs its schema, and a request body an example to try. */
function gaps(name: string, operation: Node): string[] {
  const problems: string[] = []
  for (const [status, { content }] of Object.entries(
    operation.responses as Record<string, { content?: Record<string, Node> }>,
  ))
    if (!/^(204|302|303)$/.test(status) && !Object.values(content ?? {})[0]?.schema)
      problems.push(`${name} has no schema for ${status}`)
  const body = operation.requestBody as { content: Record<string, { schema: { $ref?: string } }> } | undefined
  const reference = body?.content['application/json']?.schema.$ref
  if (!body) return problems
  const { components } = JSON.parse(readFileSync(FILE, 'utf8'))
  if (!components.schemas[reference?.split('/').at(-1) ?? '']?.examples)
    problems.push(`${name} has no example for its body`)
  return problems
}

if (import.meta.main) {
  const verb = process.argv[2]
  if (verb === 'write') writeFileSync(FILE, await generate())
  else if (verb === 'check') finish(await check(), 'openapi.json is current and valid')
  else if (verb === 'coverage') {
    const { count, problems } = await coverage()
    finish(problems, `${count} operations documented`)
  }
}

function finish(problems: string[], success: string): void {
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log(success)
  process.exitCode = problems.length > 0 ? 1 : 0
}
