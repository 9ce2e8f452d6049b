/** What commands print: tables for people, JSON for programs. */
import type { Command } from 'commander'
import { optionOf } from './settings'
import { printable } from './terminal'

/** Prints a value as JSON if `--json` is given, and otherwise for people. */
export function print(command: Command, value: unknown, text: () => string): void {
  process.stdout.write(optionOf<boolean>(command, 'json') ? `${JSON.stringify(value, null, 2)}\n` : withNewline(text()))
}

const withNewline = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

/** Aligned columns with a heading. Empty cells are `-`. @param none is printed instead of a table without rows */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return none
  const cells = rows.map((row) => row.map((cell) => printable(cell) || '-'))
  const widths = heads.map((head, index) => Math.max(head.length, ...cells.map((row) => row[index]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return [heads, ...cells].map(line).join('\n')
}

/** Names and values, one on each line. */
export function fields(values: Record<string, string>): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length))
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}  ${printable(value) || '-'}`)
    .join('\n')
}

/** ISO 8601 in UTC, to the second; empty for null. */
export const time = (ms: number | null | undefined): string =>
  ms === null || ms === undefined ? '' : `${new Date(ms).toISOString().slice(0, 19)}Z`
