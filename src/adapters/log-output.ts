/**
 * Destination of log lines. The descriptor may be full, closed, or a slow pipe: writing never throws and never blocks.
 * Lines that cannot be written are dropped; a line with their number is written once writing works again.
 */
import { fstatSync, write as writeFile } from 'node:fs'

/** Maximum number of buffered characters. */
const MAX_WAITING = 1_048_576
/** Pause after a failed write. */
const PAUSE_MS = 1000
/** How long the process waits at exit for the last lines. */
const LAST_LINES_MS = 1000

export interface LogOutput {
  /** @param text one or more whole lines */
  write(text: string): void
  /** Resolves once everything is written, or writing has failed. */
  end(): Promise<void>
}

/** @throws {PartlyWritten} after a partial write, another error if nothing was written */
type Send = (text: string) => Promise<void>

class PartlyWritten extends Error {
  constructor(
    /** The unwritten rest. */
    readonly rest: string,
    cause: unknown,
  ) {
    super('only a part was written', { cause })
  }
}

/** @param droppedNotice formats the line, with its line feed, that reports the number of dropped lines */
export function logOutput(send: Send, droppedNotice: (lines: number) => string): LogOutput {
  let waiting = ''
  let dropped = 0
  let sending: Promise<void> | undefined
  let pause: Timer | undefined
  // A failed write may have left an incomplete line.
  let isLineIncomplete = false

  const resume = () => {
    pause = undefined
    next()
  }
  const next = () => {
    if (sending || pause || (waiting === '' && dropped === 0)) return
    const text = waiting
    const reported = dropped
    waiting = ''
    sending = send(`${isLineIncomplete ? '\n' : ''}${reported > 0 ? droppedNotice(reported) : ''}${text}`).then(
      () => {
        sending = undefined
        dropped -= reported
        isLineIncomplete = false
        next()
      },
      (error: unknown) => {
        sending = undefined
        const rest = error instanceof PartlyWritten ? error.rest : text
        dropped += Math.min(linesOf(rest), linesOf(text))
        isLineIncomplete = true
        pause = setTimeout(resume, PAUSE_MS)
        pause.unref()
      },
    )
  }

  return {
    write(text) {
      if (waiting.length + text.length > MAX_WAITING) dropped += linesOf(text)
      else waiting += text
      next()
    },
    async end() {
      const late = Bun.sleep(LAST_LINES_MS).then(() => 'late')
      while (sending && (await Promise.race([sending, late])) !== 'late');
    },
  }
}

const linesOf = (text: string) => text.split('\n').length - 1

/** Standard output. A regular file is written on another thread, so that a slow disk blocks no request. */
export function standardOutput(): Send {
  // Without a listener, a stream error would end the process. The write callback reports it as well.
  process.stdout.on('error', () => {})
  return isRegularFile(1) ? (text) => writeAll(1, Buffer.from(text)) : writeToStream
}

function isRegularFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}

function writeToStream(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

async function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += await writeSome(descriptor, bytes.subarray(offset))
    } catch (error) {
      throw new PartlyWritten(bytes.subarray(offset).toString(), error)
    }
  }
}

const writeSome = (descriptor: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    writeFile(descriptor, bytes, (error, written) => (error ? reject(error) : resolve(written)))
  })
