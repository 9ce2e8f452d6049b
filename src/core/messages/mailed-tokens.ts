/** Mails with a link and a code, each for one purpose: when the next may go out, what is kept, what is written down. */
import type { JsonObject } from '../../lib/json'
import { isWithin, remainingMs } from '../../lib/time'
import type { Account, User, UserChange, VerificationKind } from '../../store'
import { type Action, auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { changedAccount } from '../outcomes'
import type { MailTemplate } from '../ports'
import { Refusal } from '../refusal'
import type { Method } from '../sessions/sessions'
import { type Challenge, newFlow } from '../sign-in/pkce'
import { type MintedToken, mint } from '../tokens/verification-token'
import { prepareMail } from './mail'

type SentAt = NonNullable<UserChange['unlessSentSince']>['column']

interface PurposeFacts {
  template: MailTemplate
  kind: VerificationKind
  /** Magic link and recovery share one, as in GoTrue. */
  column: SentAt
  /** How a session that comes of it through PKCE says it was authenticated. */
  method: Method
  action: Action
}

const PURPOSES = {
  signup: {
    template: 'confirmation',
    kind: 'signup',
    column: 'confirmationSentAt',
    method: 'email/signup',
    action: 'user_confirmation_requested',
  },
  invite: {
    template: 'invite',
    kind: 'invite',
    column: 'confirmationSentAt',
    method: 'invite',
    action: 'user_invited',
  },
  magiclink: {
    template: 'magic_link',
    kind: 'magic_link',
    column: 'recoverySentAt',
    method: 'magiclink',
    action: 'user_recovery_requested',
  },
  recovery: {
    template: 'recovery',
    kind: 'password_reset',
    column: 'recoverySentAt',
    method: 'recovery',
    action: 'user_recovery_requested',
  },
  reauthentication: {
    template: 'reauthentication',
    kind: 'reauthentication',
    column: 'reauthenticationSentAt',
    method: 'otp',
    action: 'user_reauthenticate_requested',
  },
} satisfies Record<string, PurposeFacts>

export type Purpose = keyof typeof PURPOSES

export const purposeFacts = (purpose: Purpose): PurposeFacts => PURPOSES[purpose]

export interface MailedToken {
  user: User & { email: string }
  purpose: Purpose
  challenge: Challenge | undefined
  redirectTo: string
  client: Client
  /** What the token carries. */
  payload?: string | undefined
  /** Further columns that change with it. */
  set?: Partial<User>
  /** Whether nobody waits for a hook that sends it. */
  isQueued?: boolean
  /** Further values for the template. */
  values?: JsonObject
  /** Whether it may follow the last mail of its purpose at once. */
  isUrgent?: boolean
}

/**
 * Mails a token to an account.
 * @throws {Refusal<'mail_too_soon' | 'mail_limit_reached' | 'user_gone'>} or what the hook refused with
 */
export async function mailToken(deps: Deps, mailed: MailedToken): Promise<Account> {
  const { store, clock } = deps
  const { user, purpose, redirectTo, client, set = {}, values = {}, isUrgent = false, isQueued = false } = mailed
  const { template, column, action } = PURPOSES[purpose]
  const now = clock.now()
  const spaced = isUrgent ? undefined : { column, sentAt: user[column], spacingMs: deps.policy.mail.spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'mail_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const { token, flow } = mintFor(deps, now, mailed)
    const after = { ...user, ...set, [column]: now }
    const letter = { to: user.email, token, ...(purpose === 'reauthentication' && { link: '' }) }
    const messages = await prepareMail(deps, now, {
      ...{ template, user: after, letters: [letter], redirectTo, client, values, isQueued },
    })
    const changed = await store.changeUser({
      id: user.id,
      now,
      set: { ...set, [column]: now },
      unlessSentSince,
      mint: [token.minting],
      flow,
      messages,
      audit: [auditEntry(deps, now, action, user)],
    })
    return changedAccount(changed, tooSoon)
  })
}

/** The token of a mail, and the PKCE flow it finishes where the client asked for one. */
export function mintFor(
  deps: Deps,
  now: number,
  { user, purpose, challenge, payload }: Pick<MailedToken, 'user' | 'purpose' | 'challenge' | 'payload'>,
) {
  const { kind, method } = PURPOSES[purpose]
  const flow = challenge && newFlow(deps, now, user.id, challenge, method)
  const token: MintedToken = mint(deps, now, {
    ...{ kind, family: 'supabase', to: { email: user.email }, userId: user.id, code: 'random' },
    flowId: flow?.id,
    ...(payload !== undefined && { payload }),
  })
  return { token, flow }
}

interface Turn {
  user: Pick<User, 'id'>
  /** The last message of its purpose; undefined where it does not matter. */
  spaced: Spacing | undefined
  refusal: TooSoon
}

type Spacing = { spacingMs: number } & (
  | { column: SentAt; sentAt: number | null }
  /** What has no column of its own: a name for it, and a look at when the last one went out. */
  | { name: string; lastSentAt: () => Promise<number | null> }
)

type TooSoon = 'mail_too_soon' | 'sms_too_soon'

/** The settings that say how far apart messages are. */
export const SPACINGS: Record<TooSoon, string> = {
  mail_too_soon: 'AUTH_SMTP_MAX_FREQUENCY',
  sms_too_soon: 'AUTH_SMS_MAX_FREQUENCY',
}

/** What a turn knows that its store operation needs. */
export interface InTurn {
  unlessSentSince: UserChange['unlessSentSince']
  /** The refusal of an operation that found a later message after all. */
  tooSoon(sentAt: number): Refusal
}

/** Does something that sends a message, unless the last of its purpose is too recent or another one is on its way. */
export async function inItsTurn<T>(
  { limits }: Deps,
  now: number,
  { user, spaced, refusal }: Turn,
  work: (turn: InTurn) => Promise<T>,
): Promise<T> {
  const spacingMs = spaced?.spacingMs ?? 0
  const tooSoon = (sentAt: number) =>
    new Refusal(refusal, { waitMs: remainingMs(sentAt, spacingMs, now), limit: SPACINGS[refusal] })
  if (!spaced) return work({ unlessSentSince: undefined, tooSoon })
  const requireSpace = (sentAt: number | null) => {
    if (isWithin(sentAt, spacingMs, now)) throw tooSoon(sentAt)
  }
  if ('column' in spaced) requireSpace(spaced.sentAt)
  const done = limits.alone(`${'column' in spaced ? spaced.column : spaced.name} ${user.id}`)
  if (!done) throw tooSoon(now)
  try {
    if ('name' in spaced) requireSpace(await spaced.lastSentAt())
    const unlessSentSince = 'column' in spaced ? { column: spaced.column, spacingMs } : undefined
    return await work({ unlessSentSince, tooSoon })
  } finally {
    done()
  }
}
