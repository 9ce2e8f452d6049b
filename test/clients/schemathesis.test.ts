/**
 * The executable against openapi.json, by schemathesis: every operation with examples, edge cases, random data and
 * sequences of calls. Each answer must be as the document says, and never a fault of the server.
 */
import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binary, startBinary } from '../support/binary'
import { removeFolder } from '../support/remove-folder'

/** Its command, which `.ci/run` installs. */
const program = process.env.SCHEMATHESIS
const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? '10'
const root = join(import.meta.dir, '../..')

if (program === undefined) console.log('SCHEMATHESIS is not set (.ci/run sets it): openapi.json is not tested with it')

interface Operation {
  operationId: string
  security: Record<string, string[]>[]
  requestBody?: unknown
  responses: Record<string, unknown>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> }
}

/** These end the session of the caller: they come last. */
const ENDINGS = [
  ...['putUser', 'deleteUser', 'postLogout', 'postApiAuthLogout', 'postRefresh', 'postChangePassword'],
  ...['deleteSessionsId', 'postApiAuthRefresh', 'postFactorsIdVerify'],
]

const document = documentOf(JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8')))
const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
const idsOf = (isMeant: (operation: Operation) => boolean) => operations.filter(isMeant).map((each) => each.operationId)
const accepts = (scheme: string) => (operation: Operation) => operation.security.some((each) => scheme in each)
const forUsers = idsOf((each) => accepts('userToken')(each) && !accepts('secretKey')(each))

/** Paths about one account; what deletes it is left out, because the others would then find none. */
const aboutUser = Object.entries(document.paths)
  .filter(([path]) => path.includes('/admin/users/{id}'))
  .flatMap(([, item]) => Object.values(item).map(({ operationId }) => operationId))
  .filter((id) => id !== 'deleteAdminUsersId')

interface Run {
  /** Operation ids. */
  ids: string[]
  /** Prepares a server. @returns further configuration */
  prepare?(server: Binary): Promise<string> | string
}

const runs: Record<string, Run> = {
  'without credentials': { ids: operations.map(({ operationId }) => operationId) },
  'with a user token': { ids: forUsers.filter((id) => !ENDINGS.includes(id)), prepare: userToken },
  'with a user token, to its end': { ids: ENDINGS, prepare: userToken },
  'with the secret key': { ids: idsOf(accepts('secretKey')), prepare: secretKey },
  'about a user': { ids: aboutUser, prepare: userParameters },
}

test.skipIf(program === undefined).each(Object.entries(runs))(
  'answers %s are as the document says',
  async (_, { ids, prepare }) => {
    // Addresses may get any number of messages.
    await using server = await startBinary({
      env: { AUTH_SMTP_MAX_FREQUENCY: '0', AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
    })
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-schemathesis-'))
    try {
      const config = readFileSync(join(import.meta.dir, 'schemathesis/schemathesis.toml'), 'utf8')
      writeFileSync(join(folder, 'openapi.json'), JSON.stringify(document))
      writeFileSync(join(folder, 'hooks.py'), readFileSync(join(import.meta.dir, 'schemathesis/hooks.py')))
      writeFileSync(join(folder, 'schemathesis.toml'), `${config}\n${(await prepare?.(server)) ?? ''}`)
      const filters = ids.flatMap((id) => ['--include-operation-id', id])
      const { exitCode, stdout } = await ended(
        Bun.spawn([`${program}`, 'run', 'openapi.json', '--url', server.url, '--max-examples', EXAMPLES, ...filters], {
          cwd: folder,
          stdout: 'pipe',
          stderr: 'inherit',
        }),
      )
      expect([exitCode, exitCode === 0 ? '' : stdout]).toEqual([0, ''])
      expect(Number(/(\d+) generated/.exec(stdout)?.[1])).toBeGreaterThan(ids.length)
    } finally {
      removeFolder(folder)
    }
  },
  600_000,
)

async function ended(child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>) {
  const [stdout, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited])
  return { stdout, exitCode }
}

async function signUp(server: Binary) {
  const body = { email: 'user@example.com', password: 'correct-horse-battery-9' }
  return (await server.ask('POST', '/auth/v1/signup', { body })).body
}

async function userToken(server: Binary): Promise<string> {
  const { access_token: token } = await signUp(server)
  return `[auth.openapi.userToken]\nbearer = "${token}"\n`
}

function secretKey({ keys }: Binary): string {
  return `[auth.openapi.secretKey]\napi_key = "${keys.secret_key}"\n`
}

/** An account that has what can be listed, instead of ids that nothing has. */
async function userParameters(server: Binary): Promise<string> {
  const { access_token: token, user } = await signUp(server)
  await server.ask('POST', '/auth/v1/factors', { token, body: { factor_type: 'totp', friendly_name: 'phone' } })
  await server.ask('POST', '/api/auth/tokens', { token, body: { name: 'backup' } })
  const parameters = `{ "path.id" = "${user.id}", "path.role" = "admin" }`
  return `${secretKey(server)}\n[[operations]]\ninclude-path-regex = 'admin/users'\nparameters = ${parameters}\n`
}

/**
 * The document of a server without a captcha, which has fewer endpoints and ignores the fields for it. Without
 * `default`, which stands for every status.
 */
function documentOf(full: Document): Document {
  for (const path of Object.keys(full.paths)) {
    if (path.includes('/captcha/')) delete full.paths[path]
    for (const operation of Object.values(full.paths[path] ?? {})) {
      delete operation.responses.default
      if (JSON.stringify(operation.requestBody)?.includes('CaptchaOnly')) delete operation.requestBody
    }
  }
  for (const { properties = {} } of Object.values(full.components.schemas))
    for (const field of ['gotrue_meta_security', 'captcha_token', 'captchaToken']) delete properties[field]
  return full
}
