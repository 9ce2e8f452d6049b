/** The data source of the mailbox. */
export interface MailboxMessage {
  id: string
  channel: 'email' | 'sms'
  /** The purpose of the message, such as `recovery`. */
  kind: string
  to: string
  from: string
  /** Empty for an SMS. */
  subject: string
  html: string | null
  text: string
  /** The one-time code in the message. */
  code: string | null
  /** Targets of its links, the most important first. */
  links: string[]
  /** `kept`: stored in the mailbox and not sent. */
  state: 'kept' | 'queued' | 'sent' | 'failed'
  error: string | null
  /** Unix milliseconds, as `sentAt`. */
  createdAt: number
  sentAt: number | null
}

export interface MailboxFilter {
  /** As stored: a mail address in lower case, a phone number as digits. */
  to?: string
  kind?: string
  /** Only messages that are newer than the one with this id; without effect if it is not among the latest. */
  after?: string
  limit: number
}

export interface MailboxSource {
  /** Newest first. */
  listMessages(filter: MailboxFilter): Promise<MailboxMessage[]>
  readMessage(id: string): Promise<MailboxMessage | undefined>
  deleteMessage(id: string): Promise<'deleted' | 'unknown' | 'queued'>
  clearMessages(): Promise<void>
  /** Calls the listener once a new message can be read. @returns the unsubscribe function */
  onMessage(listener: (message: { id: string; to: string }) => void): () => void
}
