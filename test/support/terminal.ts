/** The executable on a terminal, used by a person: waits for what is shown, and types answers. */
import { BINARY } from './binary'

export interface OnTerminal {
  /** Everything that was shown so far, without escape sequences. */
  shown(): string
  /** Waits until a text is shown that was not there at the last call. */
  shows(text: string): Promise<void>
  /** Waits for a question, and types keys. */
  answer(question: string, keys: string): Promise<void>
  exited: Promise<number>
  /** Ends it as a service manager would. @returns the exit status */
  stop(): Promise<number>
}

export const ENTER = '\r'
export const CTRL_C = '\u0003'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences to remove
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g

export function onTerminal(args: string[], cwd: string, env: Record<string, string> = {}): OnTerminal {
  let output = ''
  let seen = 0
  const drained = Promise.withResolvers<void>()
  let changed = Promise.withResolvers<void>()
  const decoder = new TextDecoder()
  const child = Bun.spawn([BINARY, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TERM: 'xterm', ...env },
    terminal: {
      cols: 200,
      rows: 50,
      exit: () => drained.resolve(),
      data(_terminal, data) {
        output += decoder.decode(data, { stream: true })
        changed.resolve()
        changed = Promise.withResolvers<void>()
      },
    },
  })
  const shown = () => output.replaceAll(ESCAPES, '')
  const exited = drained.promise.then(() => child.exited)
  const shows = async (text: string) => {
    for (;;) {
      const at = shown().indexOf(text, seen)
      if (at >= 0) {
        seen = at + text.length
        return
      }
      await Promise.race([
        changed.promise,
        child.exited.then(() => Promise.reject(new Error(`no ${text} in ${shown()}`))),
      ])
    }
  }
  return {
    shown,
    shows,
    async answer(question, keys) {
      await shows(question)
      child.terminal?.write(keys)
    },
    exited,
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}
