/** Questions on a terminal, and passwords, which are never read from arguments. */
import { text as readStream } from 'node:stream/consumers'
import * as clack from '@clack/prompts'
import { EXIT, fail } from './exit-status'

/** Standard output is for the result of a command. */
const output = process.stderr

/** Whether a person can answer. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** @throws if the question was cancelled with Ctrl-C or Escape */
async function answered<T>(question: Promise<T | typeof clack.CANCEL_SYMBOL>): Promise<T> {
  const answer = await question
  return clack.isCancel(answer) ? fail('cancelled; nothing was changed') : (answer as T)
}

/** Asks twice, hidden. */
export async function askPassword(message: string): Promise<string> {
  const first = await askHidden(message)
  return first === (await askHidden('Again'))
    ? first
    : fail('the two passwords differ; nothing was changed', EXIT.refused)
}

/** @param usual the answer if none is typed */
export async function askText(message: string, usual = ''): Promise<string> {
  return ((await answered(clack.text({ message, placeholder: usual, defaultValue: usual, output }))) ?? '').trim()
}

export const askHidden = async (message: string): Promise<string> =>
  (await answered(clack.password({ message, output }))) ?? ''

export const askConfirmation = (message: string): Promise<boolean> =>
  answered(clack.confirm({ message, initialValue: false, output }))

/** The first line of standard input, without its end. */
export async function passwordFromStdin(): Promise<string> {
  const password = (await readStream(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') fail('standard input has no password', EXIT.usage)
  if (/[\r\n]/.test(password)) fail('standard input has more than one line; give only the password', EXIT.usage)
  return password
}

/** Asks before what cannot be undone; without a terminal, `--yes` has to be given. */
export async function requireConsent(message: string, isGiven: boolean): Promise<void> {
  if (isGiven) return
  if (!canAsk()) fail(`${message} Confirm with --yes.`, EXIT.usage)
  if (!(await askConfirmation(message))) fail('nothing was changed')
}
