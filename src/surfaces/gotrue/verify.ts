/** Links and codes coming back (contract 1.4). */
import { type Static, Type } from '@sinclair/typebox'
import type { Core } from '../../core'
import { Refusal } from '../../core/refusal'
import type { Verified } from '../../core/verification/verify'
import { type Context, endpoint } from '../../http/endpoint'
import { confirmLinkPage } from '../../pages/confirm'
import { errorParameters, leadTo, UNSEEN, withMessage, withQuery, withSession } from './application'
import { audience } from './audience'
import { redirectQuery, redirectTarget } from './redirect'
import { errors, SessionShape, sessionHeaders, toSession } from './shapes'

const HALF_CONFIRMED = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

const Body = Type.Object(
  {
    type: Type.Optional(
      Type.String({ description: 'signup, invite, magiclink, recovery, email_change, email, sms or phone_change.' }),
    ),
    token: Type.Optional(Type.String({ description: 'The code of the message.' })),
    token_hash: Type.Optional(Type.String({ description: 'The token of the link, in place of a code.' })),
    email: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    password: Type.Optional(
      Type.String({ description: 'With type `recovery`: a new password. `token` may then be that of the link.' }),
    ),
    redirect_to: Type.Optional(Type.String()),
  },
  { $id: 'Verification', examples: [{ type: 'email', email: 'ada@example.com', token: '123456' }] },
)

const HalfConfirmed = Type.Object({ code: Type.String(), msg: Type.String() }, { $id: 'HalfConfirmed' })

/** POST /verify: a code or a token for a session. */
export const postVerify = endpoint({
  method: 'POST',
  path: '/verify',
  access: 'anyone',
  body: Body,
  toleratesSlash: true,
  tag: 'Links and codes',
  summary: 'Show the code or the token of a message',
  description:
    'Either `token` with `email` or `phone`, or `token_hash`. A change of address that needs both sides answers `code` and `msg` after the first.',
  answers: { 200: Type.Union([SessionShape, HalfConfirmed]), ...errors(400, 403, 422, 429) },
  handle: async ({ core, request, body, client, headers }) => {
    const verified = await verify(core, body, audience(core, request), client)
    if (verified.outcome !== 'signed_in') return { code: '200', msg: HALF_CONFIRMED }
    Object.assign(headers, sessionHeaders(verified.issued))
    return toSession(verified.issued)
  },
})

function verify(core: Core, body: Static<typeof Body>, asked: string, client: Context['client']): Promise<Verified> {
  const { type = '', token = '', token_hash: hash = '', email = '', phone = '' } = body
  const password = type === 'recovery' ? body.password : undefined
  if (type === '') throw new Refusal('verify_type_missing')
  if ((token === '') === (hash === '')) throw new Refusal('verify_token_or_hash_missing')
  if (hash !== '') {
    if (email || phone || body.redirect_to) throw new Refusal('verify_hash_alone')
    return core.verifyTokenHash({ token: hash, type, password, client })
  }
  if (type === 'recovery' && !email && !phone) return core.recoverDirectly({ token, type, password, client })
  if ((email === '') === (phone === '')) throw new Refusal('verify_email_or_phone')
  return core.verifyCode({
    ...{ email: email || undefined, phone: phone || undefined, code: token, type, password, client },
    audience: asked,
  })
}

const linkQuery = {
  token: Type.Optional(Type.String({ description: 'The token of the link.' })),
  type: Type.Optional(Type.String({ description: 'signup, invite, magiclink, recovery, email_change or email.' })),
  ...redirectQuery,
}

/** GET /verify: a link that somebody opened. */
export const getVerify = endpoint({
  method: 'GET',
  path: '/verify',
  access: 'anyone',
  query: linkQuery,
  toleratesSlash: true,
  tag: 'Links and codes',
  summary: 'Open the link of a mail',
  description:
    'Leads back to the application with a session, or in the PKCE flow a code. With AUTH_MAILER_LINK_CONFIRMATION it shows a page whose button does so; programs that only look at the link get that page, too.',
  answers: { 200: Type.String(), 204: Type.Void(), 303: Type.Void(), ...errors(400, 429) },
  handle: async (context) => {
    const { core, request } = context
    const link = linkOf(context)
    if (isPrefetch(request)) return new Response(null, { status: 204, headers: UNSEEN })
    if (core.policy.mail.confirmLinks || isScanner(request)) {
      const query = new URLSearchParams({ token: link.token, type: link.type, redirect_to: link.redirectTo })
      const isBelow = new URL(request.url).pathname.endsWith('/')
      return confirmLinkPage({
        action: `${isBelow ? '' : 'verify/'}confirm?${query}`,
        kind: link.type,
        redirectOrigin: link.redirectTo,
        languages: context.client.languages,
      })
    }
    return follow(context, link)
  },
})

/** POST /verify/confirm: the button on the page that a link showed. */
export const confirmVerify = endpoint({
  method: 'POST',
  path: '/verify/confirm',
  access: 'anyone',
  query: linkQuery,
  tag: 'Links and codes',
  summary: 'Go on from the page that a link showed',
  answers: { 303: Type.Void(), ...errors(400, 429) },
  handle: async (context) => follow(context, linkOf(context)),
})

interface Link {
  token: string
  type: string
  redirectTo: string
}

/** @throws {Refusal<'verify_type_missing' | 'verify_token_missing'>} */
function linkOf({ core, request, query }: Context): Link {
  const type = query('type') ?? ''
  const token = query('token') ?? ''
  if (type === '') throw new Refusal('verify_type_missing')
  if (token === '') throw new Refusal('verify_token_missing')
  return { token, type, redirectTo: redirectTarget(core, request, query) }
}

async function follow({ core, client }: Context, { token, type, redirectTo }: Link): Promise<Response> {
  const isPkce = token.startsWith('pkce_')
  try {
    const verified = await core.followLink({ token, type, client })
    if (verified.outcome === 'code') return leadTo(303, withQuery(redirectTo, { code: verified.code }))
    if (verified.outcome === 'half_confirmed') {
      const message = { message: HALF_CONFIRMED }
      return leadTo(303, withMessage(isPkce ? withQuery(redirectTo, message) : redirectTo, { ...message, sb: '' }))
    }
    const { issued, kind } = verified
    const fragment = {
      access_token: issued.accessToken,
      expires_at: String(issued.expiresAt),
      expires_in: String(issued.expiresIn),
      refresh_token: issued.refreshToken,
      sb: '',
      token_type: 'bearer',
      type: type === 'email' ? typeOf(kind) : type,
    }
    return leadTo(303, withSession(redirectTo, fragment))
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'too_many_requests') throw error
    const told = errorParameters(error)
    return leadTo(303, withMessage(isPkce ? withQuery(redirectTo, told) : redirectTo, { ...told, sb: '' }))
  }
}

type Kind = Extract<Verified, { outcome: 'signed_in' }>['kind']

/** What `email` turns out to be. */
const typeOf = (kind: Kind) => (kind === 'signup' || kind === 'invite' ? 'signup' : 'magiclink')

/** Whether a browser fetches the link before anybody has clicked it. */
function isPrefetch({ headers }: Request): boolean {
  return /prefetch|prerender|preview/i.test(
    ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => headers.get(name) ?? '').join(' '),
  )
}

/** Programs that open links of mails and chats to look at them. None of them is a browser that somebody sits at. */
const SCANNERS =
  /bot\b|crawl|spider|slack|facebookexternalhit|whatsapp|telegram|discord|skype|preview|barracuda|proofpoint|mimecast|safelinks|ms-office|microsoft office|outlook|googleimageproxy|curl-scanner|urlscan|virustotal/i

const isScanner = ({ headers }: Request) => SCANNERS.test(headers.get('user-agent') ?? '')
