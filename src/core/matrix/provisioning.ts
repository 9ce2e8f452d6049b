/**
 * Matrix accounts for users who register with a service (docs/other-surfaces.md): created with the user if the
 * homeserver responds at once, and in the background otherwise. Their random password is kept until the account is
 * stored here, so that an account whose creation response was lost can be recognized. Deleting a user keeps the
 * account.
 */
import { backOffMs } from '../../lib/back-off'
import { SECOND } from '../../lib/milliseconds'
import { dueInMs } from '../../lib/time'
import type { MatrixRegistration, User } from '../../store'
import type { Context } from '../kernel/context'
import { displayName, usernameOf } from '../users/usernames'

/** How long a process owns a claimed registration; longer than any request to the homeserver. */
export const MATRIX_LEASE_MS = 120 * SECOND
/** How long a sign-up waits for the account. */
const SIGN_UP_WAIT_MS = 3 * SECOND
const BATCH = 4
/** Names to try in one attempt if earlier ones are taken. */
const NAMES = 3
const PASSWORD_BYTES = 32
/** Maximum display name passed on. */
const MAX_DISPLAY_NAME = 100

/** Maximum delay of the next attempt; a later time comes from a wrong clock and is ignored (src/lib/time.ts). */
const MAX_DELAY_MS = 600 * SECOND

/**
 * For a user who was just created. A slow attempt continues in the background: aborting it could leave an account on
 * the homeserver that is unknown to this server.
 * @returns the Matrix user id, or null if there is none yet
 */
export async function provisionMatrixAccount(context: Context, user: User): Promise<string | null> {
  if (!context.provisioner) return null
  const registration = { userId: user.id, suffix: 1, attempts: 0, nextAttemptAt: 0, error: null, password: null }
  const made = attempt(context, user, registration).catch((error: unknown) => {
    context.report('warn', 'a Matrix account could not be recorded', { user: user.id, error: String(error) })
    return null
  })
  context.background(made)
  return Promise.race([made, context.clock.sleep(SIGN_UP_WAIT_MS).then(() => null)])
}

/** Creates a few of the accounts that are due. @returns how many were attempted; 0 if nothing is due */
export async function provisionDueMatrixAccounts(context: Context): Promise<number> {
  const { store, now } = context
  const claimed = await store.claimMatrixRegistrations({
    now,
    leaseMs: MATRIX_LEASE_MS,
    longestWaitMs: MAX_DELAY_MS,
    limit: BATCH,
  })
  await Promise.all(claimed.map(({ registration, user }) => attempt(context, user, registration)))
  return claimed.length
}

/** Milliseconds until the next attempt is due; undefined if none is due. */
export async function nextMatrixAttemptInMs({ store, now }: Context): Promise<number | undefined> {
  const dueAt = await store.nextMatrixRegistration()
  return dueAt === undefined ? undefined : dueInMs(dueAt, MAX_DELAY_MS, now)
}

async function attempt(context: Context, user: User, registration: MatrixRegistration): Promise<string | null> {
  const { store, clock, report, provisioner } = context
  const { userId } = registration
  const attempts = registration.attempts + 1
  let { suffix } = registration
  const password = await passwordFor(context, registration)
  if (password === undefined) return null
  for (let tries = 0; tries < NAMES; tries++) {
    const localpart = suffix === 1 ? usernameOf(user) : `${usernameOf(user)}-${suffix}`
    // The cut may split a surrogate pair.
    const shown = displayName(user.rawUserMetaData).slice(0, MAX_DISPLAY_NAME).toWellFormed()
    const answer = (await provisioner?.register({ localpart, displayName: shown, password })) ?? OFF
    if (answer.outcome === 'made') {
      const { matrixUserId } = answer
      if (!(await store.finishMatrixRegistration({ userId, matrixUserId }))) return null
      report('info', 'a Matrix account was created', { user: userId, attempts })
      return matrixUserId
    }
    if (answer.outcome === 'unavailable') return postpone(answer.error)
    suffix++
  }
  return postpone('the attempted names are taken')

  async function postpone(error: string): Promise<null> {
    const nextAttemptAt = clock.now() + backOffMs(attempts, MAX_DELAY_MS)
    await store.postponeMatrixRegistration({ userId, suffix, attempts, error, nextAttemptAt })
    report('warn', 'could not create a Matrix account; will retry', { user: userId, attempts, error })
    return null
  }
}

const passwordAad = (userId: string) => `matrix_registrations.password:${userId}`

/**
 * The password of the account, on disk before it is sent to the homeserver. If the response is lost, the next attempt
 * finds the account by it.
 * @returns undefined if the registration no longer exists
 */
async function passwordFor(
  { store, sealer, random }: Context,
  { userId }: MatrixRegistration,
): Promise<string | undefined> {
  const made = sealer.seal(random.bytes(PASSWORD_BYTES), passwordAad(userId))
  const kept = await store.keepMatrixPassword({ userId, password: made })
  return kept === undefined ? undefined : sealer.open(kept, passwordAad(userId)).toString('base64url')
}

const OFF = { outcome: 'unavailable', error: 'no homeserver is configured' } as const
