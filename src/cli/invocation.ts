/** How this executable was started, so that printed commands can be pasted as they are. */
import { basename, delimiter, dirname, relative, resolve } from 'node:path'
import { server } from '../config/server'

export interface Invocation {
  env: Record<string, string | undefined>
  /** Path of the executable; undefined when running from source. */
  executable: string | undefined
  /** The current folder of the user. */
  cwd: string
}

function here(): Invocation {
  const { env } = process
  return {
    env,
    executable: Bun.isStandaloneExecutable ? process.execPath : undefined,
    // npm changes to the folder of package.json and passes the original one
    cwd: env.npm_lifecycle_event === undefined ? process.cwd() : (env.INIT_CWD ?? process.cwd()),
  }
}

/**
 * The command that starts the server with further arguments: `npm start -- …` if a script of package.json started it.
 */
export function startWith(args: string, { env, ...rest }: Invocation = here()): string {
  const script = env.npm_lifecycle_event
  if (script === undefined || script === 'npx') return `${ownName({ env, ...rest })} ${args}`
  const manager = env.npm_config_user_agent?.split('/')[0] || 'npm'
  if (manager !== 'npm') return `${manager} run ${script} ${args}`
  return `npm ${script === 'start' ? script : `run ${script}`} -- ${args}`
}

/** The command for another subcommand on the same data folder. @param dataDir the setting; undefined if not relevant */
export function commandWith(verb: string, dataDir?: string, invocation: Invocation = here()): string {
  const own = ownName(invocation)
  if (dataDir === undefined) return `${own} ${verb}`
  const folder = resolve(dataDir)
  const isUsual = folder === resolve(invocation.cwd, server.dataDir.default)
  return isUsual ? `${own} ${verb}` : `${own} ${verb} --data-dir ${quoted(shortest(folder, invocation.cwd))}`
}

function ownName({ env, executable, cwd }: Invocation): string {
  if (executable === undefined) return env.npm_lifecycle_event === undefined ? 'bun src/main.ts' : 'latchkey'
  const inPath = (env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && resolve(folder) === dirname(executable))
  if (inPath) return basename(executable)
  const path = shortest(executable, cwd)
  return quoted(path === executable || path.startsWith('.') ? path : `./${path}`)
}

/** Paths below the folder become relative; others remain absolute. */
function shortest(path: string, from: string): string {
  const way = relative(from, path)
  return way === '' || way.startsWith('..') ? path : way
}

const quoted = (text: string) => (/^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
