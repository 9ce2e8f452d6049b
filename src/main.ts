import './boot'
import { program } from './cli'
import { endOnClosedPipe } from './cli/terminal'

const given = process.argv.slice(2)
const VERSION = /^(-V|-v|--version)$/

/** `help keys rotate` and `keys help rotate` are `keys rotate --help`; the version is the same for every command. */
function normalizeHelp(args: string[]): string[] {
  const help = args.indexOf('help')
  if (help === 0 || help === 1) return [...args.toSpliced(help, 1), '--help']
  return args.length === 2 && VERSION.test(args[1] as string) ? ['--version'] : args
}

const args = normalizeHelp(given)
const [first] = args
const asksForHelp = args.includes('--help') || args.includes('-h') || VERSION.test(first ?? '')
// No command means serve, flags included; only help and version belong to the program itself.
const isServe = !asksForHelp && (first === undefined || first === 'serve' || first.startsWith('-'))
if (!isServe) endOnClosedPipe()
await program.parseAsync(isServe && first !== 'serve' ? ['serve', ...args] : args, { from: 'user' })
