#!/usr/bin/env node
// Starts the executable for this platform, which npm installed as an optional dependency.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const { platform, arch } = process
const os = platform === 'win32' ? 'windows' : platform
// only glibc has its version in the report
const musl = platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime ? '-musl' : ''
const name = `latchkey-${os}-${arch}${musl}`

let executable
try {
  executable = createRequire(import.meta.url).resolve(`${name}/latchkey${platform === 'win32' ? '.exe' : ''}`)
} catch {
  console.error(
    `latchkey: the package ${name} is not installed. Install without --omit=optional; if there is no such package, there is no executable for this platform.`,
  )
  process.exit(1)
}

const child = spawn(executable, process.argv.slice(2), { stdio: 'inherit' })
// Ctrl-C reaches the executable through the terminal
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`latchkey: ${executable} cannot be started: ${error.message}`)
  process.exit(1)
})
child.on('exit', (status, signal) => process.exit(status ?? (signal === 'SIGINT' ? 130 : 143)))
