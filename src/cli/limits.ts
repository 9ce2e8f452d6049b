/** `latchkey limits`: rate limits that refuse requests now. They are in the memory of the running server. */
import type { Command } from 'commander'
import { Refusal } from '../core/kernel/refusal'
import { isInNetworks, parseCidr } from '../lib/ip'
import { withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print, table, time } from './output'
import { type Ask, requireServer } from './running-server'

/** As in docs/admin-api.md#rate-limits. */
interface Limit {
  key: string
  rule: string
  setting: string
  subject: string | null
  subject_kind: string
  until: string
}

/** `latchkey limits list` */
export async function listLimits(command: Command): Promise<void> {
  const limits = await limitsOf(await requireServer(command))
  print(command, limits, () => table(HEADS, limits.map(rowOf), 'No limit refuses requests now.'))
}

const HEADS = ['RULE', 'SUBJECT', 'KIND', 'UNTIL', 'SETTING']

const rowOf = ({ rule, subject, subject_kind: kind, until, setting }: Limit) => [
  rule,
  subject ?? '',
  kind,
  time(Date.parse(until)),
  setting,
]

/** `latchkey limits reset <subject>` */
export async function resetLimits(command: Command): Promise<void> {
  const [named = ''] = command.args
  const ask = await requireServer(command)
  const subjects = new Set([named.toLowerCase(), await accountNamed(command, named)])
  const isMeant = ({ key, subject, subject_kind: kind }: Limit) =>
    key === named ||
    (kind === 'server' && named === 'server') ||
    (subject !== null && (subjects.has(subject) || isWithin(named, subject)))
  const limits = (await limitsOf(ask)).filter(isMeant)
  if (limits.length === 0)
    fail(`no limit refuses requests of ${named} now; latchkey limits list shows those that do`, EXIT.notFound)
  for (const { key } of limits) await ask('DELETE', `/limits/${encodeURIComponent(key)}`)
  print(command, { reset: limits.map(({ rule, subject }) => ({ rule, subject })) }, () =>
    limits
      .map(({ rule, subject }) => `${rule}: the count for ${subject ?? 'this server'} starts again from zero`)
      .join('\n'),
  )
}

const limitsOf = async (ask: Ask) => ((await ask('GET', '/limits')) as { items: Limit[] }).items

/** The id of the account of an address, username or uid, if there is one. */
const accountNamed = (command: Command, text: string) =>
  withCore(command, async (task) => {
    try {
      return (await task().requireUserNamed(text)).id
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'user_unknown') return undefined
      throw error
    }
  })

/** Whether an IP address is in a network such as `203.0.113.0/24`. */
function isWithin(ip: string, network: string): boolean {
  const cidr = parseCidr(network)
  return cidr !== undefined && isInNetworks(ip, [cidr])
}
