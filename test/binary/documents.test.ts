/** The commands, programs and settings of the documents, run against the executable as they are written. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../support/app'
import { run, startBinary } from '../support/binary'
import { AGE_RECIPIENT, copyOf, PASSWORD, type Place, preparePlace, runBlock } from '../support/document-commands'
import { answerTo, type Block, documentBlocks, placeOf, type Treatment, treatmentOf } from '../support/documents'
import { emptyDatabase } from '../support/empty-postgres'
import { HOOK_SECRETS } from '../support/hook-server'
import { hasPostgres } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'
import { startSmtp } from '../support/smtp'

const root = join(import.meta.dir, '../..')
const blocks = documentBlocks()
const those = (treatment: Treatment) =>
  blocks.filter((block) => treatmentOf(block) === treatment).map((block): [string, Block] => [placeOf(block), block])

const services = new AsyncDisposableStack()
let place: Place
let hookUrl: string

beforeAll(async () => {
  const smtp = services.use(await startSmtp())
  const hooks = Bun.serve({ port: 0, fetch: async (request) => Response.json(answerOf(await request.json())) })
  services.defer(() => hooks.stop(true))
  hookUrl = `http://localhost:${hooks.port}`
  place = services.use(await preparePlace({ smtpPort: smtp.port, hookUrl }))
}, 60_000)

afterAll(() => services.disposeAsync())

const ADA = { grantType: 'password', email: 'ada@example.com', password: PASSWORD }

/** A hook that changes nothing. */
const answerOf = (payload: Json) => ('claims' in payload ? { claims: payload.claims } : {})

const hookSettings = () =>
  Object.fromEntries(
    ['CUSTOM_ACCESS_TOKEN', 'SEND_EMAIL'].flatMap((name) => [
      [`AUTH_HOOK_${name}_ENABLED`, 'true'],
      [`AUTH_HOOK_${name}_URI`, hookUrl],
      [`AUTH_HOOK_${name}_SECRETS`, HOOK_SECRETS[0]],
    ]),
  )

const ON_POSTGRES = /postgres:\/\/[^\s"]+/g

/** Lines of the reference are alternatives; a block of any other page is run as a whole. */
const commands = those('commands').flatMap(([name, block]): [string, Block][] =>
  block.file === 'docs/command-line.md'
    ? block.text.split('\n').flatMap((text) => (text === '' ? [] : [[`${name}: ${text}`, { ...block, text }]]))
    : [[name, block]],
)

/** 3: there is nothing to reset, since no limit was exceeded. */
const expectedStatus = (text: string) => (/limits reset/.test(text) ? 3 : 0)

const RUNS = '%s can be run, and gives the answer that is shown'
const NEEDS_POSTGRES = /postgres:|move --to|pg-functions:/
const SLOW_MS = 120_000

/** The types of values, and the names of members: what a reader can rely on. */
function shapeOf(value: Json): Json {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]))
}

test.each(commands.filter(([, { text }]) => !NEEDS_POSTGRES.test(text)))(RUNS, runsAsShown, SLOW_MS)
test.skipIf(!hasPostgres).each(commands.filter(([, { text }]) => NEEDS_POSTGRES.test(text)))(RUNS, runsAsShown, SLOW_MS)

async function runsAsShown(_: string, block: Block): Promise<void> {
  const { text } = block
  using at = await copyOf(place, text)
  await using services = new AsyncDisposableStack()
  if (/hook test/.test(text)) Object.assign(at.env, hookSettings())
  if (text.match(ON_POSTGRES)) {
    at.substitutes.push([ON_POSTGRES, services.use(await emptyDatabase()).url])
  }
  if (text.includes('move --to ./')) await moveToPostgres(at, services)
  if (/\b(?:healthcheck|status|limits|curl|doctor)\b/.test(text)) {
    // Without a backup that would begin with the server, in a process of its own.
    const env = { ...at.env, AUTH_BACKUP_FOLDER: '' }
    const server = services.use(
      await startBinary({ folder: at.folder, env, args: ['--port', at.env.AUTH_PORT as string] }),
    )
    const { body: pair } = await server.ask('POST', '/api/auth/token', { body: ADA })
    const { body: login } = await server.ask('POST', '/api/auth/login', { body: ADA })
    Object.assign(at.env, { SECRET_KEY: server.keys.secret_key, ACCESS_TOKEN: pair.accessToken })
    at.substitutes.push(['https://auth.example.com/', `${server.url}/`], ['crt_…', pair.refreshToken])
    at.substitutes.push(['"token":"…"', `"token":"${login.access_token}"`])
  }
  const { script, output, status } = await runBlock(at, text)
  expect([script, output, status]).toEqual([script, output, expectedStatus(text)])
  const shown = answerTo(block, blocks)
  if (text.includes('curl') && shown) expect(shapeOf(JSON.parse(output))).toEqual(shapeOf(JSON.parse(shown.text)))
}

/** A program for Node brings WebSockets along, which Bun has, as browsers do. */
const runtimeOf = (text: string) => (text.includes("from 'ws'") ? 'node' : process.execPath)

/** For the way back from there. */
async function moveToPostgres(at: Place, services: AsyncDisposableStack): Promise<void> {
  const { url } = services.use(await emptyDatabase())
  const { status, stderr } = await run(['move', '--to', url], { env: at.env, cwd: at.folder })
  expect([stderr, status]).toEqual([stderr, 0])
  const { jwtSecret, encryptionKey } = await Bun.file(join(at.folder, 'latchkey-data/secrets.json')).json()
  removeFolder(join(at.folder, 'latchkey-data'))
  Object.assign(at.env, { AUTH_DATABASE_URL: url, AUTH_JWT_SECRET: jwtSecret, AUTH_ENCRYPTION_KEY: encryptionKey })
}

test.each(those('programs'))(
  '%s can be run',
  async (_, { text }) => {
    await using server = await startBinary({ env: { AUTH_MAILER_AUTOCONFIRM: 'true' } })
    mkdirSync(join(root, 'dist'), { recursive: true })
    const folder = mkdtempSync(join(root, 'dist/program-'))
    try {
      const program = text
        .replaceAll('http://localhost:7020', server.url)
        .replaceAll('<the publishable key>', server.keys.publishable_key)
      writeFileSync(join(folder, 'program.mjs'), program)
      const { exitCode, stderr } = Bun.spawnSync([runtimeOf(text), 'program.mjs'], { cwd: folder })
      expect([exitCode, stderr.toString()]).toEqual([0, expect.not.stringContaining('rror')])
    } finally {
      removeFolder(folder)
    }
  },
  60_000,
)

const VALID = '%s has valid settings'

/** What a server on Postgres needs. */
const SECRETS = { AUTH_JWT_SECRET: 'j'.repeat(40), AUTH_ENCRYPTION_KEY: '0'.repeat(64) }

/** Values that the documents leave to the reader. */
const VALUES: [string, string][] = [
  ['v1,whsec_…', HOOK_SECRETS[0] as string],
  ['age1…', AGE_RECIPIENT],
  ['<account>', 'account'],
  ['<64 hexadecimal digits, from `openssl rand -hex 32`>', '0'.repeat(64)],
  ['"v1,whsec_$(openssl rand -base64 32)"', HOOK_SECRETS[0] as string],
]

test.each(those('settings').filter(([, { text }]) => !NEEDS_POSTGRES.test(text)))(VALID, areValid, SLOW_MS)
test.skipIf(!hasPostgres).each(those('settings').filter(([, { text }]) => NEEDS_POSTGRES.test(text)))(
  VALID,
  areValid,
  SLOW_MS,
)

async function areValid(_: string, { text }: Block): Promise<void> {
  using at = await copyOf(place, text)
  const filled = VALUES.reduce((settings, [shown, actual]) => settings.replaceAll(shown, actual), text)
  writeFileSync(
    join(at.folder, 'shown.env'),
    filled
      .replaceAll('/mnt/backups', join(at.folder, 'backups'))
      .replaceAll('/run/secrets/backup-passphrase', join(at.folder, 'passphrase.txt')),
  )
  await using services = new AsyncDisposableStack()
  const onPostgres = NEEDS_POSTGRES.test(text)
  const env = onPostgres ? { ...SECRETS, AUTH_DATABASE_URL: services.use(await emptyDatabase()).url } : {}
  const { stdout, stderr, status } = await run(['check', '--env-file', 'shown.env'], { env, cwd: at.folder })
  expect([stdout + stderr, status]).toEqual([expect.stringContaining('The settings are valid.'), 0])
}
