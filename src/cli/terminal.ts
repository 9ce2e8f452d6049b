/** Terminal output: colors, and readers that close the pipe early. */

type Stream = Pick<NodeJS.WriteStream, 'isTTY'>

/** Whether output may be colored: https://no-color.org, `FORCE_COLOR` as in Node, and terminals without colors. */
export function usesColor({ isTTY }: Stream, env: Record<string, string | undefined> = process.env): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return !/^(0|false)$/.test(env.FORCE_COLOR)
  return isTTY === true && env.TERM !== 'dumb'
}

/** `latchkey keys | head -1` closes the pipe early. That is not an error. */
export function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.stderr.write(`latchkey: cannot write: ${error.message}\n`)
      process.exit(error.code === 'EPIPE' ? 0 : 1)
    })
}

/**
 * Names and errors come from others: a terminal interprets control characters, and those for the direction of text show
 * it in another order (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '?')

const BAR_WIDTH = 30

/** A line on standard error that shows how far long work is; on a terminal only. */
export function progressBar(
  what: string,
  total: number,
  out: Stream & { write(text: string): unknown } = process.stderr,
): { update(done: number): void; end(): void } {
  if (!out.isTTY) return { update() {}, end() {} }
  return {
    update(done) {
      const share = total === 0 ? 1 : done / total
      const filled = Math.round(share * BAR_WIDTH)
      const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
      out.write(`\r${bar} ${Math.floor(share * 100)} % (${done} of ${total} ${what})`)
    },
    end: () => void out.write('\r\u001b[2K'),
  }
}
