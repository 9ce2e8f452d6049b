/** Mails: the links in them, what is put into their templates, and the hook that may send them instead. */
import type { JsonObject } from '../../lib/json'
import type { Notification } from '../../lib/mail-templates'
import type { NewMessage, User } from '../../store'
import type { Client, Deps } from '../deps'
import { callHook } from '../hooks/hooks'
import type { LinkType, Policy } from '../policy'
import type { MailTemplate } from '../ports'
import { Refusal } from '../refusal'
import type { MintedToken } from '../tokens/verification-token'
import { newMessage } from './messages'

const DAY = 86_400_000

/** A mail about an account. An e-mail change has a letter for each address, and a token for each letter. */
export interface Mail {
  template: MailTemplate
  /** The account as it will be once the mail is out. */
  user: User
  letters: readonly Letter[]
  /** Where links lead back to. */
  redirectTo: string
  /** Who asked for it: their language counts where the user has none, and hooks are told their address. */
  client: Client | undefined
  /** Whether it only takes as long as a mail would, and is then thrown away. */
  isRehearsal?: boolean
  /** Whether it is sent from the queue, and nobody waits for it: a hook that fails is called again later. */
  isQueued?: boolean
  /** Further values for the template. */
  values?: JsonObject
}

export interface Letter {
  to: string
  token?: MintedToken
  /** The link in it; none: that of the token on Supabase's surface. */
  link?: string
}

/**
 * Prepares a mail: as messages to be stored with whatever it is about, or by calling the hook, which leaves none.
 * @throws {Refusal<'mail_limit_reached' | 'address_not_authorised'>} or what the hook refused with
 */
export async function prepareMail(deps: Deps, now: number, mail: Mail): Promise<NewMessage[]> {
  const { policy, limits } = deps
  for (const { to } of mail.letters) requireAuthorised(deps, to)
  // nobody is bothered by what goes nowhere
  if (policy.mail.way !== 'mailbox') for (const { to } of mail.letters) limits.recipient(to)
  // Where no mail may leave, that is said of one that would not either: else the answer told who has an account.
  limits.mail(mail.isRehearsal ? 0 : mail.letters.length)
  const { sendEmail } = policy.hooks
  if (policy.mail.way !== 'hook' || !sendEmail || mail.isQueued) return outgoing(deps, now, mail)
  // The hook's contract knows GoTrue's mails alone.
  const payload = hookPayload(deps, mail)
  if (payload) await callHook(deps, sendEmail, { name: 'send-email', payload, client: mail.client })
  return []
}

/** The messages of a mail, to be sent from the queue: one for each letter, or what the hook is to be told. */
function outgoing(deps: Deps, now: number, mail: Mail): NewMessage[] {
  if (deps.policy.mail.way !== 'hook') return mail.letters.map((letter) => compose(deps, now, mail, letter))
  const payload = hookPayload(deps, mail)
  const [letter] = mail.letters
  if (!payload || !letter) return []
  const content = { ...{ subject: mail.template, html: null, text: '', code: null, links: [] }, hook: { payload } }
  return [
    newMessage(deps, now, {
      ...{ channel: 'email', template: mail.template, to: letter.to, isSent: true },
      content: mail.client ? { ...content, hook: { payload, ip: mail.client.ip } } : content,
      expiresAt: letter.token?.minting.token.expiresAt ?? now + DAY,
    }),
  ]
}

/**
 * Asks whether a mail to an address could leave now, as far as this is the same for every account.
 * @throws {Refusal<'mail_limit_reached' | 'address_not_authorised'>}
 */
export function requireMail(deps: Pick<Deps, 'policy' | 'limits'>, to: string): void {
  requireAuthorised(deps, to)
  deps.limits.mail(0)
}

/**
 * A notice that something happened to an account, where that is switched on and the account has an address. It goes into the
 * queue with what it tells of; limits that strangers can use up do not hold it back.
 */
export function prepareNotice(
  deps: Deps,
  now: number,
  {
    template,
    to,
    link,
    ...rest
  }: Omit<Mail, 'letters' | 'redirectTo' | 'template'> & { template: Notification; to: string | null; link?: string },
): NewMessage[] {
  const { policy, report } = deps
  if (!policy.mail.notifications.has(template) || to === null) return []
  try {
    const redirectTo = policy.redirects.siteUrl
    requireAuthorised(deps, to)
    return outgoing(deps, now, {
      ...rest,
      template,
      letters: [{ to, ...(link !== undefined && { link }) }],
      redirectTo,
    })
  } catch (error) {
    // What happened has happened; a notice that cannot be sent does not undo it (contract 6.2).
    report('warn', 'a notice could not be sent', {
      template,
      error: error instanceof Refusal ? error.reason : String(error),
    })
    return []
  }
}

function compose(deps: Deps, now: number, mail: Mail, { to, token, link }: Letter): NewMessage {
  const { policy, templates } = deps
  const { template, user, redirectTo } = mail
  const url =
    link ??
    (token ? linkOf(deps, linkType(template), token.plaintext, { redirectTo, origin: mail.client?.origin }) : '')
  const values: JsonObject = {
    SiteURL: policy.redirects.siteUrl,
    ConfirmationURL: url,
    RedirectTo: redirectTo,
    Email: user.email ?? to,
    NewEmail: user.emailChange ?? '',
    SendingTo: to,
    Token: token?.code ?? '',
    TokenHash: token?.plaintext ?? '',
    Data: user.rawUserMetaData,
    ...mail.values,
  }
  const content = templates.render(template, values, languagesOf(mail))
  const code = token?.code || null
  return newMessage(deps, now, {
    channel: 'email',
    template,
    to,
    content: { ...content, code, links: url === '' ? [] : [url] },
    isSent: policy.mail.way === 'smtp',
    expiresAt: token?.minting.token.expiresAt ?? now + DAY,
  })
}

/** The user's own language, then what their browser asked for. */
function languagesOf({ user, client }: Mail): string[] {
  const { locale, language, lang } = user.rawUserMetaData
  const own = [locale, language, lang].filter((tag) => typeof tag === 'string')
  return [...own.map((tag) => tag.replace('_', '-')), ...(client?.languages ?? [])]
}

const LINK_TYPES: Partial<Record<MailTemplate, LinkType>> = {
  confirmation: 'signup',
  invite: 'invite',
  recovery: 'recovery',
  magic_link: 'magiclink',
  email_change: 'email_change',
}

const linkType = (template: MailTemplate) => LINK_TYPES[template] ?? 'signup'

interface Leading {
  redirectTo: string
  /** Of another listed host of this server; undefined: that of its settings. */
  origin?: string | undefined
}

/** A link that verifies. It is made from the configuration alone; of a request's headers only a listed host counts. */
export function linkOf(
  { policy }: Pick<Deps, 'policy'>,
  type: LinkType,
  token: string,
  { redirectTo, origin }: Leading,
): string {
  const base = atOrigin(policy, policy.mail.links[type], origin)
  // GoTrue escapes where it must and no more; what a query would read differently is escaped here as well
  const target = /[&=#+%]/.test(redirectTo) ? encodeURIComponent(redirectTo) : redirectTo
  return `${base}?token=${token}&type=${type}&redirect_to=${target}`
}

/** A URL of this server as it is on another of its hosts; any other URL stays as it is. */
function atOrigin({ apiUrl }: Pick<Policy, 'apiUrl'>, url: string, origin: string | undefined): string {
  const { origin: own, pathname } = new URL(url)
  return origin !== undefined && own === new URL(apiUrl).origin ? origin + pathname : url
}

/** The application's page, with the token added to whatever its URL has already. */
export function pageLink(page: string, token: string): string {
  const url = new URL(page)
  url.searchParams.set('token', token)
  return url.href
}

function requireAuthorised({ policy }: Pick<Deps, 'policy'>, address: string): void {
  const { authorizedAddresses: allowed } = policy.mail
  if (allowed.length === 0) return
  const plain = address.toLowerCase().replace(/\+[^@]*@/, '@')
  if (!allowed.includes(plain) && !allowed.includes(address.toLowerCase()))
    throw new Refusal('address_not_authorised', { detail: address })
}

const HOOK_ACTIONS: Partial<Record<MailTemplate, string>> = { ...LINK_TYPES, reauthentication: 'reauthentication' }

/** What the Send Email hook is told (contract 6.7). @returns undefined for mails it does not know */
function hookPayload({ policy }: Deps, { template, user, letters, redirectTo, client, values = {} }: Mail) {
  const action = HOOK_ACTIONS[template] ?? (template.endsWith('_notification') ? template : undefined)
  if (action === undefined) return undefined
  const [first, second] = letters
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : '')
  return {
    user: hookUser(user),
    email_data: {
      token: first?.token?.code ?? '',
      // Of two letters the first goes to the present address; each hash stands with the other one's code (quirk 19).
      token_hash: (second ?? first)?.token?.plaintext ?? '',
      // A mail of `/api/auth` leads to a page of the application, token and all; GoTrue's own link would not know it.
      // Of two, neither address may learn the other's token from it.
      redirect_to: second ? redirectTo : first?.link || redirectTo,
      email_action_type: action,
      site_url: atOrigin(policy, policy.apiUrl, client?.origin),
      token_new: second?.token?.code ?? '',
      token_hash_new: second ? (first?.token?.plaintext ?? '') : '',
      old_email: text('OldEmail'),
      old_phone: text('OldPhone'),
      provider: text('Provider'),
      factor_type: text('FactorType'),
    },
  }
}

/** An account as hooks see it: GoTrue's user object without its identities. */
export function hookUser(user: User): JsonObject {
  const times = {
    email_confirmed_at: user.emailConfirmedAt,
    invited_at: user.invitedAt,
    phone_confirmed_at: user.phoneConfirmedAt,
    confirmation_sent_at: user.confirmationSentAt,
    recovery_sent_at: user.recoverySentAt,
    email_change_sent_at: user.emailChangeSentAt,
    phone_change_sent_at: user.phoneChangeSentAt,
    last_sign_in_at: user.lastSignInAt,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  }
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? '',
    phone: user.phone ?? '',
    ...(user.emailChange !== null && { new_email: user.emailChange }),
    ...(user.phoneChange !== null && { new_phone: user.phoneChange }),
    app_metadata: user.rawAppMetaData,
    user_metadata: user.rawUserMetaData,
    is_anonymous: user.isAnonymous,
    ...Object.fromEntries(
      Object.entries(times).flatMap(([name, ms]) => (ms === null ? [] : [[name, new Date(ms).toISOString()]])),
    ),
  }
}
