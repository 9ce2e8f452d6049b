import './boot'
import { program } from './cli'

const args = process.argv.slice(2)
// No command means serve, flags included; only the questions about the program itself are its own.
const isServe = args[0] === undefined || (args[0].startsWith('-') && !/^(-h|--help|-V|--version)$/.test(args[0]))
await program.parseAsync(isServe ? ['serve', ...args] : args, { from: 'user' })
