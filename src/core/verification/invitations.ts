/**
 * Links created by administrators: invitations by mail, and links to hand out (`POST /invite`, `POST
 * /admin/generate_link`).
 */
import type { Account, User } from '../../store'
import { mintEmailChange, pendingEmail } from '../accounts/contact-change'
import { callAfterUserCreated } from '../hooks/after-user-created'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import type { LinkType } from '../kernel/policy'
import { Refusal } from '../kernel/refusal'
import { linkOf, prepareMail } from '../messages/mail'
import type { Outgoing } from '../messages/messages'
import { tooSoonOn } from '../messages/send-cooldown'
import { callOrWithdraw, sendAndSave, withdrawNewAccount } from '../messages/store-then-send'
import { mintMailToken, type Purpose, purposeDetails } from '../messages/verification-mail'
import { WITH_PASSWORD } from '../tokens/verification-record'
import type { MintedToken } from '../tokens/verification-token'
import { inAudience, normalizeEmail } from '../users/users'
import { findOrCreateInvitee, type Invitee } from './invitee'

export interface Invitation {
  admin: Admin
  email: string
  data: Record<string, unknown>
  audience: string
  redirectTo: string
}

/** Mails an invitation; unconfirmed users are invited again. */
export async function invite(arriving: Context, { redirectTo, ...invitation }: Invitation): Promise<Account> {
  const invitee = await findOrCreateInvitee(arriving, invitation)
  const context = withCurrentTime(arriving)
  const { now } = context
  const { token, flow } = mintMailToken(context, { user: invitee.user, purpose: 'invite', challenge: undefined })
  const user = { ...invitee.user, invitedAt: now, confirmationSentAt: now }
  const copies = [{ to: invitee.user.email, token }]
  const outgoing = await prepareMail(context, { template: 'invite', user, copies, redirectTo })
  const account = await save(context, invitee, { token, flow, outgoing, admin: invitation.admin, purpose: 'invite' })
  await callAfterUserCreated(context, account.user)
  return account
}

const LINK_PURPOSES: Record<string, Purpose> = {
  signup: 'signup',
  invite: 'invite',
  magiclink: 'magiclink',
  recovery: 'recovery',
}

export interface GenerateLinkRequest extends Invitation {
  type: string
  newEmail: string
  password: string
}

export interface GeneratedLink {
  account: Account
  link: string
  code: string
  token: string
  /** The actual type: a magic link for an unknown address becomes a sign-up. */
  type: string
  redirectTo: string
}

/** Creates a link without mailing it. */
export async function generateLink(context: Context, request: GenerateLinkRequest): Promise<GeneratedLink> {
  const email = normalizeEmail(request.email)
  if (request.type === 'email_change_current' || request.type === 'email_change_new')
    return generateChangeLink(context, { ...request, email })
  const requestedPurpose = Object.hasOwn(LINK_PURPOSES, request.type) ? LINK_PURPOSES[request.type] : undefined
  if (!requestedPurpose) throw new Refusal('link_type_unknown', { detail: request.type })
  const existing = inAudience(await context.store.findUserByEmail(email), request.audience)
  if (!existing && requestedPurpose === 'recovery') throw new Refusal('user_of_email_unknown')
  const isSignUp = requestedPurpose === 'signup' || (requestedPurpose === 'magiclink' && !existing)
  const purpose = isSignUp ? 'signup' : requestedPurpose
  const invitee =
    purpose === 'invite' || purpose === 'signup'
      ? await findOrCreateInvitee(context, { ...request, email }, purpose, requestedPurpose === 'magiclink')
      : { user: { ...(existing as User), email }, isNew: false, identities: [] }
  const current = withCurrentTime(context)
  const payload = requestedPurpose === 'signup' ? WITH_PASSWORD : undefined
  const { token } = mintMailToken(current, { user: invitee.user, purpose, challenge: undefined, payload })
  const account = await save(current, invitee, {
    token,
    flow: undefined,
    outgoing: { messages: [] },
    admin: request.admin,
    purpose,
  })
  if (invitee.isNew) await callAfterUserCreated(current, account.user)
  const { redirectTo } = request
  return linkFor(current, { account, token, type: purpose, verificationType: purpose, redirectTo })
}

async function generateChangeLink(context: Context, request: GenerateLinkRequest): Promise<GeneratedLink> {
  const { store, policy, now } = context
  const user = inAudience(await store.findUserByEmail(request.email), request.audience)
  if (!user) throw new Refusal('user_of_email_unknown')
  const isCurrent = request.type === 'email_change_current'
  if (isCurrent && !policy.mail.secureChange) throw new Refusal('secure_change_needed')
  const email = normalizeEmail(request.newEmail)
  if (await store.findUserByEmail(email)) throw new Refusal('email_taken')
  const to = isCurrent ? request.email : email
  const token = mintEmailChange(context, { user, to, email })
  const link = await store.recordAdminLink({
    id: user.id,
    now,
    message: {
      column: 'emailChangeSentAt',
      // The link to the other address for the same change remains valid. An older link to the same address
      // does not: otherwise both would count, and the other address would never be asked.
      mint: [{ ...token.minting, keepsOtherAddresses: user.emailChange === email }],
      flow: undefined,
      pending: pendingEmail(email),
      messages: [],
    },
    invitedAt: undefined,
    userMetaData: {},
    audit: [auditEntry(context, 'user_modified', actorOf(request.admin), { user_id: user.id })],
  })
  if (link.outcome !== 'changed') throw new Refusal(link.outcome)
  const { account } = link
  const { type: verificationType, redirectTo } = request
  return linkFor(context, { account, token, type: 'email_change', verificationType, redirectTo })
}

interface LinkParts {
  account: Account
  token: MintedToken
  type: LinkType | Purpose
  verificationType: string
  redirectTo: string
}

function linkFor(context: Context, { account, token, type, verificationType, redirectTo }: LinkParts): GeneratedLink {
  const link = linkOf(context, type as LinkType, token.plaintext, { redirectTo, origin: context.client.origin })
  return { account, link, code: token.code, token: token.plaintext, type: verificationType, redirectTo }
}

interface Saved {
  token: MintedToken
  flow: ReturnType<typeof mintMailToken>['flow']
  outgoing: Outgoing
  admin: Admin
  purpose: Purpose
}

async function save(
  context: Context,
  invitee: Invitee,
  { token, flow, outgoing, admin, purpose }: Saved,
): Promise<Account> {
  const { column, action } = purposeDetails(purpose)
  const { store, now } = context
  const invitedAt = purpose === 'invite' ? now : undefined
  const audit = [auditEntry(context, action, actorOf(admin), { user_id: invitee.user.id })]
  const mint = [token.minting]
  if (!invitee.isNew) {
    const { saved } = await sendAndSave(
      context,
      {
        user: invitee.user,
        outgoing,
        request: { column, mint, flow, pending: invitee.replaced ?? {} },
        requestSession: undefined,
        tooSoon: tooSoonOn(context, 'mail'),
      },
      async (message) => {
        const userMetaData = invitee.added ?? {}
        const link = await store.recordAdminLink({ id: invitee.user.id, now, message, invitedAt, userMetaData, audit })
        if (link.outcome !== 'changed') throw new Refusal(link.outcome)
        return link.account
      },
    )
    return saved
  }
  const { uid: _uid, confirmedAt: _confirmedAt, ...user } = invitee.user
  const { call, messages } = outgoing
  const created = await store.createContactUser({
    user: { ...user, [column]: now, ...(invitedAt !== undefined && { invitedAt }) },
    identities: invitee.identities,
    mint,
    flow,
    messages,
    audit: call ? [] : audit,
  })
  if (created.outcome !== 'created') throw new Refusal(created.outcome)
  if (!call) return created.account
  await callOrWithdraw(context, call, () => withdrawNewAccount(context, created.account, { mint, flow }))
  await store.appendAudit(audit)
  return created.account
}
