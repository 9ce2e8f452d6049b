/** Deletes expired data, so that no table grows without bound. */
import { DAY, HOUR, MINUTE } from '../../lib/milliseconds'
import type { Retention, Store, Sweep } from '../../store'
import type { Context } from '../kernel/context'
import { KNOWN_NETWORK_MS } from '../kernel/known-networks'
import { EXPIRED_TOKEN_RETENTION_MS } from '../tokens/verification-token'
import { DAY_COUNTS_MS, HOUR_COUNTS_MS } from './activity'
import { removeOldAudit, sealAudit } from './audit-seals'

/** Anonymous users inactive for this long are deleted. */
const ANONYMOUS_MS = 30 * DAY

/** How long an expired personal access token remains listed. */
const EXPIRED_PERSONAL_TOKENS_MS = 30 * DAY

/** How long sent messages are recorded, and how long the mailbox shows one. */
const MESSAGES_MS = 30 * DAY
const MAILBOX_MS = 7 * DAY

/** How often expired data is deleted. */
export const SWEEP_INTERVAL_MS = 10 * MINUTE
/** The timers of two processes are not exact. */
const SLACK_MS = MINUTE / 2

/**
 * Sweeps, unless another process on the database has done so in this interval. If that one ends in between, the next one
 * continues its work. A process whose clock is not trusted leaves its turn to the others.
 * @returns rows removed, by table; undefined if it was not our turn
 */
export async function sweepInTurn(context: Context): Promise<Removed | undefined> {
  const { store, clock } = context
  if (isClockUntrusted(context)) return undefined
  const turns = store.shared
    ?.budgets(clock.now)
    .window({ name: 'sweep', limit: 1, windowMs: SWEEP_INTERVAL_MS - SLACK_MS, maxKeys: 1 })
  const turn = await turns?.take('all')
  return turn && turn.waitMs > 0 ? undefined : sweep(context)
}

type Removed = Record<Sweep | 'verificationTokens' | 'auditLog', number> & { budgets?: number; lostResponses?: number }

/**
 * One pass over every table, in slices, so that other writes can run in between. While the clock is not trusted nothing
 * is removed: to a clock that is ahead, everything looks old.
 * @returns rows removed, by table
 */
export async function sweep(
  context: Pick<Context, 'store' | 'now' | 'policy' | 'auditKey' | 'report'> & Partial<Pick<Context, 'clockWatch'>>,
): Promise<Removed> {
  const isUntrusted = isClockUntrusted(context)
  const removed = {} as Record<Sweep, number>
  for (const [what, instants] of Object.entries(retention(context))) {
    removed[what as Sweep] = 0
    if (isUntrusted) continue
    let slice: Slice | undefined
    do {
      slice = await context.store.sweepSlice({ what: what as Sweep, after: slice?.next, instants })
      removed[what as Sweep] += slice.removed
    } while (slice.next !== undefined)
  }
  const { store, now } = context
  return {
    ...removed,
    auditLog: isUntrusted ? 0 : await sealAndRemoveAudit(context),
    verificationTokens: isUntrusted ? 0 : await purgeTokens(context),
    ...(isUntrusted ? undefined : await store.shared?.removeExpired(now)),
  }
}

/** What is deleted is sealed before, so that the rest can be verified. */
async function sealAndRemoveAudit(context: Pick<Context, 'store' | 'now' | 'policy' | 'auditKey' | 'report'>) {
  await sealAudit(context)
  return removeOldAudit(context, context.now - context.policy.retention.auditMs)
}

const isClockUntrusted = ({ clockWatch }: Partial<Pick<Context, 'clockWatch'>>) => clockWatch?.isSettled() === false

type Slice = Awaited<ReturnType<Store['sweepSlice']>>

async function purgeTokens({ store, now }: Pick<Context, 'store' | 'now'>): Promise<number> {
  const before = now - EXPIRED_TOKEN_RETENTION_MS
  let purged = 0
  for (let some = await store.purgeTokens(before); some > 0; some = await store.purgeTokens(before)) purged += some
  return purged
}

/** The retention of each table, as the times that its sweep compares with; docs/limits.md is generated from it. */
export function retention({ policy, now }: Pick<Context, 'now' | 'policy'>): Retention {
  const { timeboxMs, inactivityMs } = policy.session
  const unusedMs = Math.min(policy.retention.unusedSessionMs, inactivityMs ? inactivityMs + DAY : Infinity)
  return {
    sessions: {
      notAfterBefore: now - 3 * DAY,
      createdBefore: timeboxMs ? now - timeboxMs - DAY : 0,
      lastUsedBefore: now - unusedMs,
    },
    refreshTokens: { before: now - DAY },
    sessionTokens: { before: now - DAY },
    externalSessions: { before: now },
    web3Messages: { before: now },
    // a clock that is set back a little makes none of them good again
    spentCaptchas: { before: now - HOUR },
    personalAccessTokens: { before: now - EXPIRED_PERSONAL_TOKENS_MS },
    anonymousUsers: { before: policy.signup.anonymous ? now - ANONYMOUS_MS : 0 },
    knownNetworks: { before: now - KNOWN_NETWORK_MS },
    factors: { before: now - DAY },
    challenges: { before: now - DAY },
    // consecutive wrong codes make the next wait longer
    attempts: { before: now - KNOWN_NETWORK_MS },
    ceremonies: { before: now },
    // a returning state is reported as expired for a while
    oauthStates: { before: now - policy.flowMs - DAY },
    // as long as a link can be opened and its code exchanged
    flows: { before: now - Math.max(DAY, policy.mail.lifetimeMs ?? 0) - policy.flowMs },
    messages: { before: now - MESSAGES_MS, keptBefore: now - MAILBOX_MS },
    events: { before: now - policy.retention.eventsMs },
    refusals: { before: now - policy.retention.refusalsMs },
    eventCounts: { hoursBefore: now - HOUR_COUNTS_MS, daysBefore: now - DAY_COUNTS_MS },
  }
}
