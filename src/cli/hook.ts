import type { Command } from 'commander'
import type { HookTrial } from '../core/administration/hook-trial'
import { HOOK_KEYS, HOOKS, type HookKey } from '../hooks'
import { errorOf } from '../surfaces/gotrue/errors'
import { userNamed, withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print } from './output'
import { optionOf } from './settings'
import { printable } from './terminal'

/** The names of hooks in config.toml. */
export const HOOK_NAMES = HOOK_KEYS.map((key) => HOOKS[key].setting.toLowerCase())

/**
 * `latchkey hook test <name>`: calls a hook with an example, and prints what was sent and what came back. Exit status 1
 * if it refuses or fails. It only reads, so it can be used beside a running server.
 */
export const testHook = (command: Command) =>
  withCore(command, async (task) => {
    const key = hookNamed(command.args[0] ?? '')
    const core = task()
    const named = optionOf<string>(command, 'user')
    const user = named === undefined ? undefined : await userNamed(core, named)
    const trial = await core.tryHook({ key, userId: user?.id })
    const prefix = `AUTH_HOOK_${HOOKS[key].setting}`
    if (!trial) return fail(`the hook is off; set ${prefix}_ENABLED=true and ${prefix}_URI`)
    const result = resultOf(key, trial)
    print(command, result, () => textOf(result))
    if (trial.refusal) process.exitCode = EXIT.failure
  })

/** By the name in config.toml, or in the metadata of requests. */
function hookNamed(text: string): HookKey {
  const name = text.toLowerCase().replaceAll('-', '_')
  const found = HOOK_KEYS.find((key) =>
    [HOOKS[key].setting.toLowerCase(), HOOKS[key].name.replaceAll('-', '_')].includes(name),
  )
  return found ?? fail(`unknown hook ${text}; hooks are: ${HOOK_NAMES.join(', ')}`, EXIT.usage)
}

function resultOf(key: HookKey, { uri, payload, answer, refusal, claims, durationMs }: HookTrial) {
  const isByHook = ['hook_refused', 'mfa_attempt_rejected', 'password_attempt_rejected'].includes(refusal?.reason ?? '')
  return {
    hook: HOOKS[key].setting.toLowerCase(),
    uri,
    sent: payload,
    received: answer ?? null,
    duration_ms: durationMs,
    outcome: !refusal ? 'agreed' : isByHook ? 'refused' : 'failed',
    error: refusal ? errorOf(refusal) : null,
    ...(claims && { claims }),
  }
}

function textOf({ uri, sent, received, duration_ms, outcome, error, claims }: ReturnType<typeof resultOf>): string {
  return [
    `Sent to ${printable(uri)}:`,
    shown(sent),
    received === null ? `No usable answer after ${duration_ms} ms.` : `Answer after ${duration_ms} ms:`,
    ...(received === null ? [] : [shown(received)]),
    ...(claims ? ['Claims of the access token:', shown(claims)] : []),
    error
      ? `The hook ${outcome === 'refused' ? 'refuses' : 'fails'}. A client gets ${error.status} ${error.code}:\n${lines(error.message)}`
      : 'The hook agrees.',
  ].join('\n')
}

const shown = (value: unknown) => lines(JSON.stringify(value, null, 2))

const lines = (text: string) => text.trim().split('\n').map(printable).join('\n')
