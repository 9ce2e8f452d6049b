/** `latchkey backup now` as a process of its own, with the settings of this one. */
import { constants, setPriority } from 'node:os'
import { resolve } from 'node:path'
import { removeScratch } from '../adapters/backup/files'
import { systemClock } from '../adapters/system'
import type { BackupProcess } from '../compose/backup-schedule'
import { scratchFolder } from '../compose/backup-settings'
import { databaseTarget } from '../compose/keys'
import type { Settings } from '../config'

/** @param argv arguments of this process, which are those of `serve` */
export function startBackup(settings: Settings, argv = process.argv): BackupProcess {
  const [first, ...rest] = argv.slice(2)
  const flags = first === undefined || first === 'serve' ? rest : [first, ...rest]
  const self = Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, argv[1] ?? '']
  const child = Bun.spawn([...self, 'backup', 'now', '--json', ...flags], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  leaveTheProcessorToOthers(child.pid)
  const ended = Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()])
  return {
    async done() {
      const [status, stdout, stderr] = await ended
      if (status === 0) return JSON.parse(stdout)
      throw new Error(stderr.trim().replace(/^latchkey: /gm, '') || `latchkey backup now ended with status ${status}`)
    },
    async stop() {
      child.kill()
      await ended
      const database = databaseTarget(settings, resolve(settings.server.dataDir))
      removeScratch(scratchFolder(settings, database), systemClock.now(), child.pid)
    },
  }
}

function leaveTheProcessorToOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // Some systems do not let a user do this, and the process may have ended already.
  }
}
