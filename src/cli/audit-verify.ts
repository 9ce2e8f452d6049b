/** `latchkey audit verify`: whether the audit log was changed. */
import type { Command } from 'commander'
import type { AuditVerdict } from '../core'
import { withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print, time } from './output'

const PROGRESS_EVERY_MS = 200

export const verifyAudit = (command: Command) =>
  withCore(command, async (task) => {
    const { known } = command.opts<{ known?: string }>()
    if (known !== undefined && !/^\d+:[0-9a-f]{64}$/.test(known))
      fail('--known must be a seal that this command has printed, such as 12:9f86d0…', EXIT.usage)
    const progress = progressLine()
    const verdict = await task().verifyAudit({ known, onProgress: progress.show })
    progress.clear()
    print(command, toJson(verdict), () => (verdict.fault ? '' : textOf(verdict)))
    if (verdict.fault) fail(sentenceOf(verdict.fault))
  })

function toJson({ fault, since, ...rest }: AuditVerdict) {
  const { kind, seal, entry, at } = fault ?? {}
  return {
    intact: fault === undefined,
    fault: fault
      ? { kind, seal, entry: entry ?? null, at: at === undefined ? null : new Date(at).toISOString() }
      : null,
    ...rest,
    head: rest.head ?? null,
    since: since === undefined ? null : new Date(since).toISOString(),
  }
}

function textOf({ sealed, late, seals, unsealed, since, head }: AuditVerdict): string {
  const waiting = `not sealed yet: ${unsealed}`
  if (head === undefined) return `No entry is sealed yet; a running server seals them every ten minutes (${waiting}).`
  return [
    `${sealed} entries in ${seals} seals are unchanged, sealed since ${time(since)}; ${waiting}`,
    ...(late > 0 ? [`${late} of them were sealed after later ones`] : []),
    `newest seal: ${head}`,
  ].join('\n')
}

const SENTENCES: Record<NonNullable<AuditVerdict['fault']>['kind'], string> = {
  entry_changed: 'an entry was changed',
  entry_removed: 'an entry was removed',
  entry_inserted: 'an entry was inserted',
  seal_changed: 'a seal was changed, or made with another key',
  seal_removed: 'a seal was removed',
  anchor_changed: 'the note of what was deleted by age was changed, or made with another key',
}

function sentenceOf({ kind, seal, entry, at }: NonNullable<AuditVerdict['fault']>): string {
  const which = entry === undefined ? '' : `: ${entry}${at === undefined ? '' : ` of ${new Date(at).toISOString()}`}`
  return `the audit log is not as it was written: ${SENTENCES[kind]}${which} (seal ${seal})`
}

/** One line on a terminal, which is overwritten. */
function progressLine() {
  const isShown = process.stderr.isTTY === true
  let shownAt = 0
  return {
    show(done: number, seals: number): void {
      if (!isShown || performance.now() - shownAt < PROGRESS_EVERY_MS) return
      shownAt = performance.now()
      process.stderr.write(`\r${done} of ${seals} seals`)
    },
    clear(): void {
      if (shownAt > 0) process.stderr.write('\r\x1b[K')
    },
  }
}
