import { randomUUID } from 'node:crypto'
import { type APIRequestContext, test as base, expect } from '@playwright/test'
import { authUrl } from '../playwright.config'

export interface Message {
  id: string
  /** Such as `magic_link`, `confirmation` or `recovery`. */
  kind: string
  subject: string
  text: string
  code: string | null
  links: string[]
}

/** The mail to one address, read from Latchkey's mailbox. */
export class Mailbox {
  private lastId = ''

  constructor(
    private readonly request: APIRequestContext,
    readonly address: string,
  ) {}

  /** The next message that was not read yet. Waits until it is there. */
  async next(): Promise<Message> {
    const response = await this.request.get(`${authUrl}/mailbox/api/messages`, {
      params: { to: this.address, after: this.lastId, wait: 10 },
    })
    await expect(response).toBeOK()
    const messages: Message[] = await response.json()
    const message = messages.at(-1)
    if (!message) throw new Error(`No message to ${this.address} within ten seconds`)
    this.lastId = message.id
    return message
  }
}

/** `mailbox` has an address of its own for each test, so tests can run in parallel on one server. */
export const test = base.extend<{ mailbox: Mailbox }>({
  mailbox: async ({ request }, use, { parallelIndex }) => {
    await use(new Mailbox(request, `worker-${parallelIndex}-${randomUUID()}@example.com`))
  },
})

export { expect }
