import type { Command } from 'commander'
import { policyOf } from '../compose/policy'
import { entryThatAllows, redirectRejection } from '../core/kernel/redirect-rules'
import { EXIT } from './exit-status'
import { print } from './output'
import { requireSettings } from './settings'

/** `latchkey redirect test <url>`: whether a redirect_to is allowed, and the line that allows it. */
export function testRedirect(command: Command): void {
  const [url = ''] = command.args
  const { settings } = requireSettings(command)
  const { redirects } = policyOf(settings)
  const reason = redirectRejection(redirects, url)
  const entry = reason === undefined ? undefined : entryThatAllows(redirects, url)
  const line = entry === undefined ? undefined : `AUTH_URI_ALLOW_LIST=${[...settings.mail.redirects, entry].join(',')}`
  const value = { url, allowed: reason === undefined, reason: reason ?? null, add: line ?? null }
  print(command, value, () => {
    if (reason === undefined) return `${url} is allowed.`
    return line === undefined
      ? `${url} is refused: ${reason}. No setting allows it.`
      : `${url} is refused: ${reason}. This line allows it:\n${line}`
  })
  process.exitCode = value.allowed ? EXIT.ok : EXIT.refused
}
