/** What a link or code makes true, by its kind (contract 1.4), together with spending it. */
import { providersMetadata } from '../../lib/account-metadata'
import type { Identity, Opened, Spending, User, UserChange, VerificationKind, VerificationToken } from '../../store'
import { isOwnersFirst, withoutStrangers } from '../accounts/strangers'
import { NOTHING_SENT, ownIdentity } from '../accounts/users'
import { type Action, auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { hasVerifiedFactor } from '../factors/own'
import { prepareNotice } from '../messages/mail'
import { Refusal } from '../refusal'

const RANDOM_PASSWORD_BYTES = 32

/** A token that was shown, about to be spent. */
export interface Completion {
  user: User
  kind: VerificationKind
  /** None for the fixed code of a test number. */
  token?: VerificationToken
  spend?: Spending
  password?: string | undefined
  client: Client
}

/** Makes true what a token stands for. @returns the session, where one was asked for */
export async function spendFor(
  deps: Deps,
  completion: Completion,
  result: Pick<UserChange, 'session' | 'authCode'>,
): Promise<Opened | undefined> {
  const { user, kind, token, spend, password } = completion
  const { clock, store, passwords, random } = deps
  // A second factor is what a stolen inbox does not have (settled 3).
  if (password !== undefined && !isOwnersFirst(user, token) && (await hasVerifiedFactor(deps, user)))
    throw new Refusal('aal_too_low')
  const isInvited = kind === 'invite' && user.encryptedPassword === null && password === undefined
  const secret = isInvited ? random.bytes(RANDOM_PASSWORD_BYTES).toString('hex') : password
  const encryptedPassword = secret === undefined ? undefined : await passwords.hash(secret)
  const now = clock.now()
  const effect = effectOf(deps, now, kind, user, token)
  const { set: withoutPassword, ...leaving } = withoutStrangers(deps, now, user, token)
  const changed = await store.changeUser({
    ...{ id: user.id, now, spend, actor: { sessionId: undefined } },
    ...effect.change,
    ...leaving,
    set: {
      ...effect.change.set,
      ...withoutPassword,
      ...(encryptedPassword !== undefined && { ...NOTHING_SENT, encryptedPassword }),
    },
    ...(encryptedPassword !== undefined && { endSessions: {} }),
    killTokens: true,
    ...result,
    messages: await noticesOf(deps, now, completion),
    audit: [effect.action, ...(result.session ? (['login'] as const) : [])].flatMap((action) =>
      action ? [auditEntry(deps, now, action, user)] : [],
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

function effectOf(deps: Deps, now: number, kind: VerificationKind, user: User, token?: VerificationToken): Effect {
  const identity = (provider: 'email' | 'phone', data: Record<string, string | boolean>): Identity =>
    ownIdentity(deps, now, user.id, provider, data)
  switch (kind) {
    case 'signup':
    case 'invite': {
      const email = requireSame(user.email, token?.email)
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
      requireSame(user.email, token?.email)
      return {
        change: {
          confirm: { email: true, phone: false },
          ...(user.emailConfirmedAt === null && { mergeUserMetaData: { email_verified: true } }),
        },
        action: user.emailConfirmedAt === null ? 'user_signedup' : undefined,
      }
    case 'email_change': {
      const email = requireSame(user.emailChange, token?.payload)
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
      if (token) requireSame(user.phone, token.phone)
      return {
        change: { confirm: { email: false, phone: true } },
        action: user.phoneConfirmedAt === null ? 'user_signedup' : undefined,
      }
    case 'phone_change': {
      const phone = requireSame(user.phoneChange, token?.phone)
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

/** A token for an address that the account no longer has, or no longer wants, is worth nothing. */
export function requireSame(present: string | null, proven: string | null | undefined): string {
  if (present === null || present !== proven) throw new Refusal('token_unknown')
  return present
}

/** Tells the old address, or number's owner, where that is switched on. */
async function noticesOf(deps: Deps, now: number, { user, kind, password, client }: Completion) {
  const about = { user, client, to: user.email }
  if (kind === 'email_change')
    return prepareNotice(deps, now, {
      ...{ ...about, template: 'email_changed_notification' },
      values: { OldEmail: user.email ?? '', Email: user.emailChange ?? '' },
    })
  if (kind === 'phone_change')
    return prepareNotice(deps, now, {
      ...{ ...about, template: 'phone_changed_notification' },
      values: { OldPhone: user.phone ?? '', Phone: user.phoneChange ?? '' },
    })
  return password === undefined ? [] : prepareNotice(deps, now, { ...about, template: 'password_changed_notification' })
}

type Outcome = Exclude<Awaited<ReturnType<Deps['store']['changeUser']>>['outcome'], 'changed'>

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
      return new Error(`a verification came out as ${outcome}`)
  }
}
