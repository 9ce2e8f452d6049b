/**
 * Where log lines go. The descriptor may be full, closed, or a pipe that is read slowly: writing never throws and never
 * waits. What cannot be written is dropped, and counted in a line of its own once writing works again.
 */
import { fstatSync, write as writeFile } from 'node:fs'

/** Characters that wait to be written, at most. */
const MAX_WAITING = 1_048_576
/** How long nothing is tried after a failure. */
const PAUSE_MS = 1000
/** How long the end of the process waits for the last lines. */
const LAST_LINES_MS = 1000

export interface LogOutput {
  /** @param text one or more whole lines */
  write(text: string): void
  /** Resolves once everything is written, or cannot be. */
  end(): Promise<void>
}

/** @throws {PartlyWritten} or another error, where it failed before anything was written */
type Send = (text: string) => Promise<void>

class PartlyWritten extends Error {
  constructor(
    /** What was not written. */
    readonly rest: string,
    cause: unknown,
  ) {
    super('only a part was written', { cause })
  }
}

/** @param lost the line, with its line feed, that says how many lines were dropped */
export function logOutput(send: Send, lost: (lines: number) => string): LogOutput {
  let waiting = ''
  let dropped = 0
  let sending: Promise<void> | undefined
  let pause: Timer | undefined
  // A failed write may have left half a line behind.
  let isTorn = false

  const resume = () => {
    pause = undefined
    next()
  }
  const next = () => {
    if (sending || pause || (waiting === '' && dropped === 0)) return
    const text = waiting
    const told = dropped
    waiting = ''
    sending = send(`${isTorn ? '\n' : ''}${told > 0 ? lost(told) : ''}${text}`).then(
      () => {
        sending = undefined
        dropped -= told
        isTorn = false
        next()
      },
      (error: unknown) => {
        sending = undefined
        const rest = error instanceof PartlyWritten ? error.rest : text
        dropped += Math.min(linesOf(rest), linesOf(text))
        isTorn = true
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

/** Standard output. A regular file is written to by another thread, so that a slow disk holds up no request. */
export function standardOutput(): Send {
  // Without a listener, an error of the stream would end the process. Its callback reports it, too.
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
