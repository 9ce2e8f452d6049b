/** `latchkey seed <file>`: accounts in the shape of the admin API. */
import { readFileSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Command } from 'commander'
import type { RequestCore } from '../core'
import type { SeedProblem, SeedUser } from '../core/administration/seeding'
import { Refusal } from '../core/kernel/refusal'
import { isJsonObject } from '../lib/json'
import { givenUser, NewUser } from '../surfaces/gotrue/admin-users'
import { errorOf } from '../surfaces/gotrue/errors'
import { OPERATOR, withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print } from './output'
import { progressBar } from './terminal'

/** One entry of the file: the body of `POST /admin/users`, with a username and roles. */
const Entry = Type.Object(
  {
    ...NewUser.properties,
    username: Type.Optional(Type.String()),
    roles: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)
type Entry = Static<typeof Entry>

/** Password hashing uses every processor but one. */
const AT_ONCE = 4
/** Lines of problems that are printed. */
const MAX_PROBLEMS = 50

interface Seeded {
  outcome: 'created' | 'present' | 'failed'
  id?: string
  address: string
  error?: string
}

/** Checks the whole file first: with a problem in it, nothing is created. */
export const seed = (command: Command) =>
  withCore(command, async (task) => {
    const [path = ''] = command.args
    const entries = readEntries(path)
    const users = entries.map(toSeedUser)
    const problems = await task().findSeedProblems(users)
    if (problems.length > 0)
      refuse(
        path,
        problems.map((each) => problemLine(entries, each)),
      )
    if (command.opts<{ dryRun?: boolean }>().dryRun)
      return print(command, { valid: true, users: users.length }, () => `${users.length} users are valid.`)
    const seeded = await seedAll(task, users)
    const count = (outcome: Seeded['outcome']) => seeded.filter((each) => each.outcome === outcome).length
    const counts = { created: count('created'), present: count('present'), failed: count('failed') }
    for (const { address, error } of seeded)
      if (error !== undefined) process.stderr.write(`latchkey: ${address}: ${error}\n`)
    print(command, { ...counts, users: seeded }, () => {
      const failures = counts.failed > 0 ? `, ${counts.failed} failed` : ''
      return `${counts.created} created, ${counts.present} there already${failures}`
    })
    if (counts.failed > 0) process.exitCode = EXIT.failure
  })

async function seedAll(task: () => RequestCore, users: readonly SeedUser[]): Promise<Seeded[]> {
  const bar = progressBar('users', users.length)
  const seeded: Seeded[] = []
  for (let start = 0; start < users.length; start += AT_ONCE) {
    const some = users.slice(start, start + AT_ONCE)
    seeded.push(...(await Promise.all(some.map((user) => seedOne(task(), user)))))
    bar.update(seeded.length)
  }
  bar.end()
  return seeded
}

async function seedOne(core: RequestCore, user: SeedUser): Promise<Seeded> {
  const address = user.given.email ?? user.given.phone ?? ''
  try {
    const { outcome, user: made } = await core.seedUser({ admin: OPERATOR, user })
    return { outcome, id: made.id, address }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { outcome: 'failed', address, error: errorOf(error).message }
  }
}

/** The entries, of the right types. Null stands for an absent field, as in the API. */
function readEntries(path: string): Entry[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    fail(`${path} cannot be read as JSON: ${(error as Error).message}`, EXIT.refused)
  }
  if (!Array.isArray(parsed)) return fail(`${path} has to contain an array of users`, EXIT.refused)
  const entries = parsed.map((entry: unknown) => (isJsonObject(entry) ? withoutNulls(entry) : entry))
  const problems = entries.flatMap((entry, index) => {
    const [first] = Value.Errors(Entry, entry)
    if (!first) return []
    const field = first.path.slice(1).replaceAll('/', '.')
    const what = isJsonObject(entry) ? typeProblem(field, first.message) : 'it is not an object'
    return [`entry ${index + 1}: ${what}`]
  })
  if (problems.length > 0) refuse(path, problems)
  return entries as Entry[]
}

const withoutNulls = (entry: object) => Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null))

const typeProblem = (field: string, message: string) =>
  message === 'Unexpected property' ? `unknown field ${field}` : `${field}: ${message.toLowerCase()}`

const toSeedUser = (entry: Entry): SeedUser => ({
  given: { ...givenUser(entry), username: entry.username },
  roles: entry.roles ?? [],
})

function problemLine(entries: readonly Entry[], { index, problem }: SeedProblem): string {
  const { email, phone } = entries[index] ?? {}
  const name = email ?? phone
  const text = problem instanceof Refusal ? refusalText(problem) : `an earlier entry has ${problem.duplicate} as well`
  return `entry ${index + 1}${name === undefined ? '' : ` (${name})`}: ${text}`
}

function refusalText(refusal: Refusal): string {
  const { code, message } = errorOf(refusal)
  return `${message} (${code})`
}

function refuse(path: string, problems: readonly string[]): never {
  const more = problems.length > MAX_PROBLEMS ? [`and ${problems.length - MAX_PROBLEMS} more problems`] : []
  const lines = [...problems.slice(0, MAX_PROBLEMS), ...more]
  return fail([...lines, `${path} is not valid; nothing was changed`].join('\n'), EXIT.refused)
}
