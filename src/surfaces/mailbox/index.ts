/**
 * The mailbox: the messages that this server sends, or would send if it had an SMTP server, for development and tests.
 * It requires no key, so it responds under the server's own names only, and not to pages of other origins.
 */
import { Elysia, status } from 'elysia'
import { ROUTING } from '../../http/mount'
import { noteRefusal, requestContextOf } from '../../http/request-context'
import { mailboxPage, mailboxPaths } from '../../pages/mailbox'
import { documentation } from './documentation'
import { refuse } from './errors'
import { eventStreams } from './events'
import { htmlDocument } from './html'
import { isCrossSiteRequest, isDirectLocalRequest, isOwnHost } from './origin-checks'
import { filterOf, toMessage, waitOf } from './schemas'
import type { MailboxMessage, MailboxSource } from './source'
import { waitingLists } from './waiting'

export type { MailboxFilter, MailboxMessage, MailboxSource } from './source'

/** The path of the mailbox, closed to other origins (see `http/cors.ts`). */
export const PREFIX = '/mailbox'

const PING_MS = 15_000

/** When a client without a stream may retry. */
const RETRY_SECONDS = 30

export interface MailboxOptions {
  apiExternalUrl: string
  /** Whether only direct requests from this machine are answered. */
  isForThisMachine?: boolean
  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
  /** Interval of event stream pings; less than the listener's idle timeout. */
  pingMs?: number
}

/** `close` ends event streams and waiting requests, which would otherwise block a graceful stop. */
export function mailbox(source: MailboxSource, options: MailboxOptions) {
  const { apiExternalUrl, isForThisMachine = false, onFault, pingMs = PING_MS } = options
  const streams = eventStreams(source, pingMs)
  const lists = waitingLists(source)
  const { clearing, deleting, listening, listing, reading, showing } = documentation()
  const app = new Elysia(ROUTING)
    .onError(({ error, request, set }) => {
      const retryAfterMs = noteRefusal(error, request)?.detail.retryAfterMs
      if (retryAfterMs !== undefined) {
        set.headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000))
        return refuse('unavailable')
      }
      onFault(error, request)
      return refuse('unexpected_failure')
    })
    .onBeforeHandle(({ request, route, set }) => {
      requestContextOf(request).route = route
      set.headers['cache-control'] = 'no-store'
      const refusal = refusalOf(request)
      return refusal && refuse(refusal)
    })
    .get(
      `${PREFIX}/api/messages`,
      async ({ request }) => {
        const filter = filterOf(request)
        if (!filter) return refuse('limit_malformed')
        const waitMs = waitOf(request)
        if (waitMs === undefined) return refuse('wait_malformed')
        return (await lists.list(filter, waitMs, request.signal)).map(toMessage)
      },
      listing,
    )
    .get(
      `${PREFIX}/api/messages/:id`,
      async ({ params }) => answerMessage(await source.readMessage(params.id)),
      reading,
    )
    .get(
      `${PREFIX}/api/messages/:id/html`,
      async ({ params }) => answerHtml(await source.readMessage(params.id)),
      showing,
    )
    .delete(
      `${PREFIX}/api/messages`,
      async ({ request }) => {
        if (isCrossSiteRequest(request, apiExternalUrl)) return refuse('cross_site_request')
        await source.clearMessages()
        return status(204)
      },
      clearing,
    )
    .delete(
      `${PREFIX}/api/messages/:id`,
      async ({ params, request }) => {
        if (isCrossSiteRequest(request, apiExternalUrl)) return refuse('cross_site_request')
        const outcome = await source.deleteMessage(params.id)
        if (outcome === 'deleted') return status(204)
        return refuse(outcome === 'queued' ? 'message_queued' : 'message_not_found')
      },
      deleting,
    )
    .get(
      `${PREFIX}/api/events`,
      ({ request, set }) => {
        const opened = streams.open(requestContextOf(request).client().ip)
        if (opened instanceof Response) return opened
        set.headers['retry-after'] = String(RETRY_SECONDS)
        return refuse(opened)
      },
      listening,
    )
  for (const path of mailboxPaths) app.get(path, () => mailboxPage(path), { detail: { hide: true } })
  return {
    app,
    close() {
      streams.close()
      lists.close()
    },
    pagePaths: mailboxPaths,
    /** Whether the mailbox is served for a request at all. */
    isOpenTo: (request: Request) => refusalOf(request) === undefined,
  }

  function refusalOf(request: Request) {
    if (!isOwnHost(request, apiExternalUrl)) return 'host_not_allowed' as const
    return isForThisMachine && !isDirectLocalRequest(request) ? ('only_on_this_machine' as const) : undefined
  }
}

function answerMessage(message: MailboxMessage | undefined) {
  return message ? toMessage(message) : refuse('message_not_found')
}

function answerHtml(message: MailboxMessage | undefined) {
  if (!message) return refuse('message_not_found')
  return message.html === null ? refuse('html_not_found') : htmlDocument(message.html)
}
