/** Verifying links and codes (`/verify`). */
import { type Static, Type } from '@sinclair/typebox'
import type { RequestCore } from '../../core'
import { Refusal } from '../../core/kernel/refusal'
import type { VerificationResult } from '../../core/verification/verify'
import { endpoint, type HandlerContext } from '../../http/endpoint'
import { noteRefusal } from '../../http/request-context'
import { body, choice, text, textOf } from '../../http/schemas'
import { targetOf } from '../../http/target'
import { confirmLinkPage } from '../../pages/confirm'
import { pageSiteOf } from '../../pages/next-steps'
import { audience } from './audience'
import {
  errorParameters,
  PRIVATE_HEADERS,
  redirectResponse,
  withMessage,
  withQuery,
  withSession,
} from './redirect-response'
import { redirectQuery, redirectTarget } from './redirect-target'
import { errors, SessionShape, sessionHeaders, toSession } from './schemas'

const HALF_CONFIRMED = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

const type = choice(['signup', 'invite', 'magiclink', 'recovery', 'email_change', 'email', 'sms', 'phone_change'])
const password = text('With type `recovery`: a new password. `token` may then be that of the link.')

const Code = body(
  'CodeVerification',
  {
    type,
    token: text('The code from the message.'),
    email: text('The address to which it was sent.'),
    phone: text('The number to which it was sent.'),
    password,
    redirect_to: text('Ignored.'),
  },
  { example: { type: 'email', email: 'ada@example.com', token: '123456' }, required: ['type', 'token'] },
)

const Hash = body(
  'TokenHashVerification',
  { type, token_hash: text('The token from the link.'), password },
  { example: { type: 'email', token_hash: 'from the link' }, required: ['type', 'token_hash'] },
)

const Body = Type.Object({ ...Code.properties, ...Hash.properties })

const HalfConfirmed = Type.Object({ code: Type.String(), msg: Type.String() }, { $id: 'HalfConfirmed' })

/** `POST /verify`: exchanges a code or a token for a session. */
export const postVerify = endpoint({
  method: 'POST',
  path: '/verify',
  access: 'anyone',
  body: Body,
  forms: [Code, Hash],
  allowsTrailingSlash: true,
  tag: 'Links and codes',
  summary: 'Verify a code or token',
  description:
    'Either `token` with `email` or `phone`, or `token_hash`. A change of address that both sides have to confirm returns `code` and `msg` after the first confirmation.',
  responses: { 200: Type.Union([SessionShape, HalfConfirmed]), ...errors(400, 403, 422, 429) },
  handle: async ({ core, request, body, headers }) => {
    const verified = await verify(core, body, audience(core, request))
    if (verified.outcome !== 'signed_in') return { code: '200', msg: HALF_CONFIRMED }
    Object.assign(headers, sessionHeaders(verified.issued))
    return toSession(verified.issued)
  },
})

function verify(core: RequestCore, body: Static<typeof Body>, asked: string): Promise<VerificationResult> {
  const { type = '', token = '', token_hash: hash = '', email = '', phone = '' } = body
  const password = type === 'recovery' ? body.password : undefined
  if (type === '') throw new Refusal('verify_type_missing')
  if ((token === '') === (hash === '')) throw new Refusal('verify_token_or_hash_missing')
  if (hash !== '') {
    if (email || phone || body.redirect_to) throw new Refusal('verify_hash_alone')
    return core.verifyTokenHash({ token: hash, type, password })
  }
  if (type === 'recovery' && !email && !phone) return core.recoverDirectly({ token, type, password })
  if ((email === '') === (phone === '')) throw new Refusal('verify_email_or_phone')
  return core.verifyCode({
    email: email || undefined,
    phone: phone || undefined,
    code: token,
    type,
    password,
    audience: asked,
  })
}

const linkQuery = {
  token: Type.Optional(Type.String({ description: 'The token from the link.' })),
  type: Type.Optional(Type.String({ description: 'signup, invite, magiclink, recovery, email_change or email.' })),
  ...redirectQuery,
}

/** `GET /verify`: an opened link. */
export const getVerify = endpoint({
  method: 'GET',
  path: '/verify',
  access: 'anyone',
  query: linkQuery,
  allowsTrailingSlash: true,
  tag: 'Links and codes',
  summary: 'Open a mailed link',
  description:
    'Redirects to the application with a session, or in the PKCE flow a code. With AUTH_MAILER_LINK_CONFIRMATION it shows a page with a button instead; link scanners always get that page.',
  responses: { 200: textOf('text/html'), 204: Type.Void(), 303: Type.Void(), ...errors(400, 429) },
  handle: async (context) => {
    const { core, request } = context
    const link = linkOf(context)
    if (isPrefetch(request)) return new Response(null, { status: 204, headers: PRIVATE_HEADERS })
    if (core.policy.mail.confirmLinks || isScanner(request)) {
      const query = new URLSearchParams({ token: link.token, type: link.type, redirect_to: link.redirectTo })
      const { path } = targetOf(request)
      return confirmLinkPage({
        action: `${path.endsWith('/') ? '' : 'verify/'}confirm?${query}`,
        kind: link.type,
        redirectOrigin: link.redirectTo,
        site: pageSiteOf(core.policy),
        path,
        languages: context.client.languages,
      })
    }
    return follow(context, link)
  },
})

/** `POST /verify/confirm`: the button of that page. */
export const confirmVerify = endpoint({
  method: 'POST',
  path: '/verify/confirm',
  access: 'anyone',
  query: linkQuery,
  tag: 'Links and codes',
  summary: 'Confirm a mailed link',
  responses: { 303: Type.Void(), ...errors(400, 429) },
  handle: async (context) => follow(context, linkOf(context)),
})

interface Link {
  token: string
  type: string
  redirectTo: string
}

function linkOf({ core, request, query }: HandlerContext<'anyone', undefined, typeof linkQuery>): Link {
  const type = query.type ?? ''
  const token = query.token ?? ''
  if (type === '') throw new Refusal('verify_type_missing')
  if (token === '') throw new Refusal('verify_token_missing')
  return { token, type, redirectTo: redirectTarget(core, request, query) }
}

async function follow({ core, request }: HandlerContext, { token, type, redirectTo }: Link): Promise<Response> {
  const isPkce = token.startsWith('pkce_')
  try {
    const verified = await core.followLink({ token, type })
    if (verified.outcome === 'code') return redirectResponse(303, withQuery(redirectTo, { code: verified.code }))
    if (verified.outcome === 'half_confirmed') {
      const message = { message: HALF_CONFIRMED }
      return redirectResponse(
        303,
        withMessage(isPkce ? withQuery(redirectTo, message) : redirectTo, { ...message, sb: '' }),
      )
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
    return redirectResponse(303, withSession(redirectTo, fragment))
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'too_many_requests') throw error
    noteRefusal(error, request)
    const errorQuery = errorParameters(error)
    return redirectResponse(
      303,
      withMessage(isPkce ? withQuery(redirectTo, errorQuery) : redirectTo, { ...errorQuery, sb: '' }),
    )
  }
}

type Kind = Extract<VerificationResult, { outcome: 'signed_in' }>['kind']

/** The kind that `email` stands for. */
const typeOf = (kind: Kind) => (kind === 'signup' || kind === 'invite' ? 'signup' : 'magiclink')

/** Whether a browser prefetches the link before it is clicked. */
function isPrefetch({ headers }: Request): boolean {
  return /prefetch|prerender|preview/i.test(
    ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => headers.get(name) ?? '').join(' '),
  )
}

/** Programs that open links in mails and chats to inspect them, as opposed to browsers used by a person. */
const SCANNERS =
  /bot\b|crawl|spider|slack|facebookexternalhit|whatsapp|telegram|discord|skype|preview|barracuda|proofpoint|mimecast|safelinks|ms-office|microsoft office|outlook|googleimageproxy|curl-scanner|urlscan|virustotal/i

const isScanner = ({ headers }: Request) => SCANNERS.test(headers.get('user-agent') ?? '')
