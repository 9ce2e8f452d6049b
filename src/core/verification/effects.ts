/** The effect of each kind of link or code, applied together with consuming it (`/verify`). */
import { providersMetadata } from '../../lib/account-metadata'
import type {
  Identity,
  OpenedSession,
  Spending,
  User,
  UserChange,
  VerificationKind,
  VerificationToken,
} from '../../store'
import { type Action, auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { isFirstConfirmation, preHijackCleanup } from '../users/pre-hijack'
import { hasVerifiedFactor } from '../users/second-factor-status'
import { CLEARED_SENT_AT, contactIdentity } from '../users/users'

const RANDOM_PASSWORD_BYTES = 32

/** A verified token about to be consumed. */
export interface Completion {
  user: User
  kind: VerificationKind
  /** The token; undefined for the fixed code of a test number. */
  token?: VerificationToken
  spend?: Spending
  password?: string | undefined
}

/** Applies the effect of a token. @returns the session, if one was requested */
export async function applyVerification(
  context: Context,
  completion: Completion,
  result: Pick<UserChange, 'session' | 'authCode'>,
): Promise<OpenedSession | undefined> {
  const { user, kind, token, spend, password } = completion
  const { store, passwords, random } = context
  // A stolen inbox does not include the second factor (docs/decisions.md#d3).
  if (password !== undefined && !isFirstConfirmation(user, token) && (await hasVerifiedFactor(context, user)))
    throw new Refusal('aal_too_low')
  const isInvited = kind === 'invite' && user.encryptedPassword === null && password === undefined
  const secret = isInvited ? random.bytes(RANDOM_PASSWORD_BYTES).toString('hex') : password
  const encryptedPassword = secret === undefined ? undefined : await passwords.hash(secret)
  const current = withCurrentTime(context)
  const effect = effectOf(current, kind, user, token)
  const { set: withoutPassword, ...leaving } = preHijackCleanup(current, user, token)
  const changed = await store.changeUser({
    ...{ id: user.id, now: current.now, spend, actor: { sessionId: undefined } },
    ...effect.change,
    ...leaving,
    set: {
      ...effect.change.set,
      ...withoutPassword,
      ...(encryptedPassword !== undefined && { ...CLEARED_SENT_AT, encryptedPassword }),
    },
    ...(encryptedPassword !== undefined && { endSessions: {} }),
    invalidateTokens: true,
    ...result,
    messages: await noticesOf(current, completion),
    audit: [effect.action, ...(result.session ? (['login'] as const) : [])].flatMap((action) =>
      action ? [auditEntry(current, action, user)] : [],
    ),
  })
  if (changed.outcome !== 'changed') throw refusalOf(changed.outcome)
  return changed.opened
}

interface Effect {
  change: Pick<UserChange, 'confirm' | 'mergeUserMetaData' | 'identities' | 'describeProviders'> & {
    set?: UserChange['set']
  }
  action: Action | undefined
}

function effectOf(context: Context, kind: VerificationKind, user: User, token?: VerificationToken): Effect {
  const { now } = context
  const identity = (provider: 'email' | 'phone', data: Record<string, string | boolean>): Identity =>
    contactIdentity(context, user.id, provider, data)
  switch (kind) {
    case 'signup':
    case 'invite': {
      const email = requireSameAddress(user.email, token?.email)
      return {
        change: {
          confirm: { email: true, phone: false },
          mergeUserMetaData: { email_verified: true },
          identities: [identity('email', { email, email_verified: true })],
        },
        action: 'user_signedup',
      }
    }
    case 'magic_link':
    case 'password_reset':
      requireSameAddress(user.email, token?.email)
      return {
        change: {
          confirm: { email: true, phone: false },
          ...(user.emailConfirmedAt === null && { mergeUserMetaData: { email_verified: true } }),
        },
        action: user.emailConfirmedAt === null ? 'user_signedup' : undefined,
      }
    case 'email_change': {
      const email = requireSameAddress(user.emailChange, token?.payload)
      return {
        change: {
          set: {
            ...{ email, emailConfirmedAt: now, emailChange: null, emailChangeConfirmStatus: 0 },
            isAnonymous: false,
          },
          mergeUserMetaData: { email_verified: true },
          identities: [identity('email', { email, email_verified: true })],
          describeProviders: providersMetadata,
        },
        action: 'user_modified',
      }
    }
    case 'phone_confirmation':
      if (token) requireSameAddress(user.phone, token.phone)
      return {
        change: { confirm: { email: false, phone: true } },
        action: user.phoneConfirmedAt === null ? 'user_signedup' : undefined,
      }
    case 'phone_change': {
      const phone = requireSameAddress(user.phoneChange, token?.phone)
      return {
        change: {
          set: { phone, phoneConfirmedAt: now, phoneChange: null, isAnonymous: false },
          identities: [identity('phone', { phone, phone_verified: true })],
          describeProviders: providersMetadata,
        },
        action: 'user_modified',
      }
    }
    case 'reauthentication':
      throw new Refusal('token_kind_mismatch')
  }
}

/** A token for an address that the account no longer has or wants is invalid. */
export function requireSameAddress(present: string | null, proven: string | null | undefined): string {
  if (present === null || present !== proven) throw new Refusal('token_unknown')
  return present
}

/** Notices to the old address, or to the owner of a number, if enabled. */
async function noticesOf(context: Context, { user, kind, password }: Completion) {
  const about = { user, to: user.email }
  if (kind === 'email_change')
    return prepareNotice(context, {
      ...{ ...about, template: 'email_changed_notification' },
      values: { OldEmail: user.email ?? '', Email: user.emailChange ?? '' },
    })
  if (kind === 'phone_change')
    return prepareNotice(context, {
      ...{ ...about, template: 'phone_changed_notification' },
      values: { OldPhone: user.phone ?? '', Phone: user.phoneChange ?? '' },
    })
  return password === undefined ? [] : prepareNotice(context, { ...about, template: 'password_changed_notification' })
}

type Outcome = Exclude<Awaited<ReturnType<Context['store']['changeUser']>>['outcome'], 'changed'>

export function refusalOf(outcome: Outcome): Error {
  switch (outcome) {
    case 'flow_gone':
      return new Refusal('flow_missing')
    case 'user_banned':
    case 'token_unknown':
    case 'token_used':
    case 'token_expired':
    case 'email_taken':
    case 'phone_taken':
    case 'metadata_too_large':
      return new Refusal(outcome)
    case 'user_gone':
      return new Refusal('token_unknown')
    default:
      return new Error(`unexpected outcome of a verification: ${outcome}`)
  }
}
