/** The core, for commands that work on the data of a server, which may be running. */
import type { Command } from 'commander'
import { type CommandCore, commandCore } from '../compose/command-core'
import type { Admin, RequestCore, User } from '../core'
import { Refusal } from '../core/kernel/refusal'
import { isUuid } from '../lib/uuid'
import { openServerData } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { requireSettings } from './settings'

/** The actor of the audit log. */
export const OPERATOR: Admin = { role: 'command_line' }

/** @param work receives the core for one step, whose time is now */
export async function withCore<T>(command: Command, work: (task: CommandCore['forTask']) => Promise<T>): Promise<T> {
  const { settings } = requireSettings(command)
  await using data = await exitOnError(() => openServerData(settings))
  const report = (_level: string, message: string) => void process.stderr.write(`latchkey: ${message}\n`)
  const { store, secrets } = data
  await using core = await exitOnError(() => commandCore({ settings, store, secrets, report }))
  return await work(core.forTask)
}

/** @param text id, email address, username or uid */
export async function userNamed(core: RequestCore, text: string): Promise<User> {
  try {
    return await core.requireUserNamed(text)
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'user_unknown') return userUnknown(text)
    throw error
  }
}

/** The id of an account; given as an id, also that of one that was deleted. */
export const userIdNamed = async (core: RequestCore, text: string): Promise<string> =>
  isUuid(text) ? text.toLowerCase() : (await userNamed(core, text)).id

const userUnknown = (text: string): never =>
  fail(`no user found for ${text} (looked up by id, email address, username and uid)`, EXIT.notFound)
