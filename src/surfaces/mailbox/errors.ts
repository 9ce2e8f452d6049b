/** Errors of the mailbox. */
import { status } from 'elysia'

const refusals = {
  limit_malformed: [400, 'limit must be a whole number from 1.'],
  wait_malformed: [400, 'wait must be a number of seconds from 0.'],
  host_not_allowed: [
    403,
    'The mailbox does not respond under this host name. If it is the name of this server, set AUTH_API_EXTERNAL_URL to the URL that clients use.',
  ],
  only_on_this_machine: [
    403,
    'This server has a public URL, so its mailbox responds on the machine itself only. Set AUTH_SMTP_HOST to send mail, or AUTH_MAILBOX=true to show the mailbox to everyone.',
  ],
  cross_site_request: [403, 'The mailbox can only be cleared from its own page, or by a program.'],
  message_not_found: [404, 'Message not found; it may have been cleared.'],
  message_queued: [409, 'This message has not been sent yet; it can be deleted after that.'],
  too_many_streams: [429, 'Too many event streams are open from this address. Poll the list of messages instead.'],
  streams_exhausted: [503, 'Too many event streams are open. Poll the list of messages instead.'],
  html_not_found: [404, 'This message has no HTML.'],
  unavailable: [503, 'The server cannot read its messages at the moment; see the log.'],
  unexpected_failure: [500, 'Unexpected failure; see the log entry with this request id.'],
} as const

export const ERROR_CODES = Object.keys(refusals)

type Refusals = typeof refusals

export function refuse<Error extends keyof Refusals>(error: Error) {
  const [code, message] = refusals[error] as readonly [Refusals[Error][0], string]
  return status(code, { error: error as string, message })
}
