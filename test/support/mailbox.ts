/** The mailbox surface alone, behind the server's request handling, with messages that a test puts there. */
import { Elysia } from 'elysia'
import { cors } from '../../src/http/cors'
import { createLog } from '../../src/http/log'
import { createMetrics } from '../../src/http/metrics'
import { ROUTING } from '../../src/http/mount'
import { createFetch, type Fetch } from '../../src/http/server'
import { printFamilies } from '../../src/lib/prometheus'
import {
  type MailboxFilter,
  type MailboxMessage,
  type MailboxSource,
  mailbox,
  PREFIX,
} from '../../src/surfaces/mailbox'

export interface FakeSource extends MailboxSource {
  put(message: Partial<MailboxMessage>): MailboxMessage
  /** The number of listeners for new messages. */
  listeners: number
  /** The parameters of the lists that were requested. */
  asked: MailboxFilter[]
}

/** Stores messages like the core: recipients normalized, newest first. */
export function fakeSource(): FakeSource {
  let messages: MailboxMessage[] = []
  let serial = 0
  const listeners = new Set<(message: { id: string; to: string }) => void>()
  const asked: MailboxFilter[] = []
  return {
    asked,
    get listeners() {
      return listeners.size
    },
    put(changes) {
      const message: MailboxMessage = {
        id: `message-${++serial}`,
        channel: 'email',
        kind: 'magic_link',
        to: 'ada@example.com',
        from: 'auth@example.com',
        subject: 'Your sign-in link',
        text: 'Sign in',
        html: '<p>Sign in</p>',
        code: null,
        links: [],
        state: 'kept',
        error: null,
        createdAt: Date.UTC(2026, 0, 1),
        sentAt: null,
        ...changes,
      }
      messages = [message, ...messages]
      for (const listener of listeners) listener(message)
      return message
    },
    async listMessages(filter) {
      asked.push(filter)
      const { to, kind, after, limit } = filter
      const known = messages.findIndex(({ id }) => id === after)
      return messages
        .slice(0, known < 0 ? undefined : known)
        .filter((each) => (to === undefined || each.to === to) && (kind === undefined || each.kind === kind))
        .slice(0, limit)
    },
    readMessage: async (id) => messages.find((each) => each.id === id),
    async deleteMessage(id) {
      const message = messages.find((each) => each.id === id)
      if (message?.state === 'queued') return 'queued'
      messages = messages.filter((each) => each.id !== id)
      return message ? 'deleted' : 'unknown'
    },
    async clearMessages() {
      messages = []
    },
    onMessage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export interface TestMailbox {
  fetch: Fetch
  close(): void
  routes: Elysia
  faults: unknown[]
  /** The events counted for the metrics. */
  metrics(): string
}

export function startMailbox(
  source: MailboxSource,
  options: { apiExternalUrl?: string; isForThisMachine?: boolean; pingMs?: number } = {},
): TestMailbox {
  const faults: unknown[] = []
  const surface = mailbox(source, {
    apiExternalUrl: 'http://localhost:7020/auth/v1',
    onFault: (error) => faults.push(error),
    ...options,
  })
  const metrics = createMetrics()
  const notFoundResponse = async () => new Response('404 page not found\n', { status: 404 })
  const routes = new Elysia(ROUTING)
    .onError(({ code }) => (code === 'NOT_FOUND' ? notFoundResponse() : undefined))
    .use(surface.app) as unknown as Elysia
  const fetch = createFetch({
    linkHosts: { apiExternalUrl: 'http://localhost', hosts: [] },
    notFoundResponse,
    metrics,
    helpUrl: undefined,
    onRefused() {},
    supportsHead: () => false,
    isFrequent: () => false,
    presentError: async (_, response) => response,
    route: (request) => routes.fetch(request),
    cors: cors([], [PREFIX]),
    log: createLog({ level: 'off', format: 'json', write() {}, now: () => 0 }),
    requestIdHeader: 'X-Request-Id',
    trustedProxies: [],
  })
  return { fetch, routes, faults, close: surface.close, metrics: () => printFamilies(metrics.families()) }
}
