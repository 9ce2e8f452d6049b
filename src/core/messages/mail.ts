/** Mails: their links and template values, and the hook that may send them instead. */
import type { HOOKS } from '../../hooks'
import type { HookInput } from '../../hooks/define'
import type { JsonObject } from '../../lib/json'
import type { MailTemplate, Notification } from '../../lib/mail-templates'
import { DAY } from '../../lib/milliseconds'
import type { NewMessage, User } from '../../store'
import { callHook } from '../hooks/call-hook'
import { hookUser } from '../hooks/hook-user'
import type { Context } from '../kernel/context'
import type { LinkType, Policy } from '../kernel/policy'
import { Refusal } from '../kernel/refusal'
import type { MintedToken } from '../tokens/verification-token'
import { countDelivery } from './count-delivery'
import { newMessage, type Outgoing } from './messages'

/** A mail about an account. An email change sends a copy to each address, with a token for each copy. */
export interface Mail {
  template: MailTemplate
  /** The account as it will be after the mail is sent. */
  user: User
  copies: readonly MailCopy[]
  /** Where links redirect to. */
  redirectTo: string
  /** Whether the mail is prepared for its timing only, and then discarded. */
  isSimulated?: boolean
  /** Whether it is sent from the queue, without a waiting request: a failed hook is called again later. */
  isQueued?: boolean
  /** Additional template values. */
  values?: JsonObject
}

export interface MailCopy {
  to: string
  token?: MintedToken
  /** The link; by default, the link of the token on Supabase's surface. */
  link?: string
}

/**
 * Prepares a mail: as messages to be stored with the operation they belong to, or as a call of the hook once that is
 * stored (`store-then-send.ts`).
 */
export async function prepareMail(context: Context, mail: Mail): Promise<Outgoing> {
  const { policy, limits } = context
  for (const { to } of mail.copies) requireAuthorized(context, to)
  // a simulated mail calls no hook
  if (policy.mail.delivery !== 'mailbox') for (const { to } of mail.copies) await limits.recipient(to)
  // If no mail may be sent now, that also applies to simulated mails: otherwise the response would reveal who has an
  // account.
  await limits.mail(mail.isSimulated ? 0 : mail.copies.length)
  if (policy.mail.delivery !== 'hook' || !policy.hooks.sendEmail || mail.isQueued)
    return { messages: outgoing(context, mail) }
  // The hook's payload is defined for GoTrue's mails only.
  const payload = hookPayload(context, mail)
  if (!payload) return { messages: [] }
  const call = async () => {
    await countDelivery(context, 'mail', () => callHook(context, 'sendEmail', payload))
    return undefined
  }
  return { messages: [], call }
}

/** The queued messages of a mail: one for each copy, or the payload of the hook. */
function outgoing(context: Context, mail: Mail): NewMessage[] {
  if (context.policy.mail.delivery !== 'hook') return mail.copies.map((copy) => composeMessage(context, mail, copy))
  const payload = hookPayload(context, mail)
  const [copy] = mail.copies
  if (!payload || !copy) return []
  const { client, now } = context
  const content = { subject: mail.template, html: null, text: '', code: null, links: [] }
  return [
    newMessage(context, {
      channel: 'email',
      template: mail.template,
      to: copy.to,
      user: mail.user,
      isSent: true,
      content: { ...content, hook: { payload, ...(client.ip !== '' && { ip: client.ip }) } },
      expiresAt: copy.token?.minting.token.expiresAt ?? now + DAY,
    }),
  ]
}

/** Checks whether a mail to an address may be sent now, as far as this does not depend on the account. */
export async function requireMailAllowed(context: Pick<Context, 'policy' | 'limits'>, to: string): Promise<void> {
  requireAuthorized(context, to)
  await context.limits.mail(0)
}

/**
 * A notice that something happened to an account, if that notice is enabled and the account has an address. It is
 * queued in the transaction of the event; limits that an attacker can exhaust do not hold it back.
 */
export function prepareNotice(
  context: Context,
  {
    template,
    to,
    link,
    ...rest
  }: Omit<Mail, 'copies' | 'redirectTo' | 'template'> & { template: Notification; to: string | null; link?: string },
): NewMessage[] {
  const { policy, report } = context
  if (!policy.mail.notifications.has(template) || to === null) return []
  try {
    const redirectTo = policy.redirects.siteUrl
    requireAuthorized(context, to)
    return outgoing(context, {
      ...rest,
      template,
      copies: [{ to, ...(link !== undefined && { link }) }],
      redirectTo,
    })
  } catch (error) {
    // The change has happened; a notice that cannot be sent does not undo it.
    report('warn', 'a notice could not be sent', {
      template,
      error: error instanceof Refusal ? error.reason : String(error),
    })
    return []
  }
}

function composeMessage(context: Context, mail: Mail, { to, token, link }: MailCopy): NewMessage {
  const { policy, templates, now } = context
  const { template, user, redirectTo } = mail
  const url =
    link ??
    (token ? linkOf(context, linkType(template), token.plaintext, { redirectTo, origin: context.client.origin }) : '')
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
  const content = templates.render(template, values, languagesOf(context, mail))
  const code = token?.code || null
  return newMessage(context, {
    channel: 'email',
    template,
    to,
    user,
    content: { ...content, code, links: url === '' ? [] : [url] },
    isSent: policy.mail.delivery === 'smtp',
    expiresAt: token?.minting.token.expiresAt ?? now + DAY,
  })
}

/** Languages of the user: the one of the account, then the ones of their browser. */
function languagesOf({ client }: Context, { user }: Mail): string[] {
  const { locale, language, lang } = user.rawUserMetaData
  const own = [locale, language, lang].filter((tag) => typeof tag === 'string')
  return [...own.map((tag) => tag.replace('_', '-')), ...client.languages]
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
  /** Origin of the link: another listed host of this server; undefined for the configured one. */
  origin?: string | undefined
}

/** A verification link. It is built from the configuration only; of the request headers only a listed host counts. */
export function linkOf(
  { policy }: Pick<Context, 'policy'>,
  type: LinkType,
  token: string,
  { redirectTo, origin }: Leading,
): string {
  const base = atOrigin(policy, policy.mail.links[type], origin)
  // GoTrue escapes only the characters that it must; characters that a query would misread are escaped here as well
  const target = /[&=#+%]/.test(redirectTo) ? encodeURIComponent(redirectTo) : redirectTo
  return `${base}?token=${token}&type=${type}&redirect_to=${target}`
}

/** The same URL on another listed host; URLs of other servers are unchanged. */
function atOrigin({ apiUrl }: Pick<Policy, 'apiUrl'>, url: string, origin: string | undefined): string {
  const { origin: own, pathname } = new URL(url)
  return origin !== undefined && own === new URL(apiUrl).origin ? origin + pathname : url
}

/** The application's page, with the token added to its URL. */
export function pageLink(page: string, token: string): string {
  const url = new URL(page)
  url.searchParams.set('token', token)
  return url.href
}

function requireAuthorized({ policy }: Pick<Context, 'policy'>, address: string): void {
  const { authorizedAddresses: allowed } = policy.mail
  if (allowed.length === 0) return
  const plain = address.toLowerCase().replace(/\+[^@]*@/, '@')
  if (!allowed.includes(plain) && !allowed.includes(address.toLowerCase()))
    throw new Refusal('address_not_authorised', { detail: address })
}

type EmailPayload = HookInput<typeof HOOKS.sendEmail>

const HOOK_ACTIONS: Partial<Record<MailTemplate, string>> = { ...LINK_TYPES, reauthentication: 'reauthentication' }

/**
 * The payload of the Send Email hook (docs/hooks.md).
 * @returns undefined for mails the hook does not know
 */
function hookPayload(
  { policy, client }: Context,
  { template, user, copies, redirectTo, values = {} }: Mail,
): EmailPayload | undefined {
  const action = HOOK_ACTIONS[template] ?? (template.endsWith('_notification') ? template : undefined)
  if (action === undefined) return undefined
  const [first, second] = copies
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : '')
  return {
    user: hookUser(user),
    email_data: {
      token: first?.token?.code ?? '',
      // The first of two copies is for the current address; each hash is sent with the other one's code, as GoTrue
      // does (docs/hooks.md).
      token_hash: (second ?? first)?.token?.plaintext ?? '',
      // A mail of `/api/auth` links to a page of the application, token included; GoTrue's own link would not have the
      // token.
      // With two copies, neither address may learn the other's token.
      redirect_to: second ? redirectTo : first?.link || redirectTo,
      email_action_type: action,
      site_url: atOrigin(policy, policy.apiUrl, client.origin),
      token_new: second?.token?.code ?? '',
      token_hash_new: second ? (first?.token?.plaintext ?? '') : '',
      old_email: text('OldEmail'),
      old_phone: text('OldPhone'),
      provider: text('Provider'),
      factor_type: text('FactorType'),
    },
  }
}
