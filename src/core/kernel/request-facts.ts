/** What the core finds out about a request while it is handled, for the record of refusals and the counts. */
import type { AuthenticationMethod } from '../../lib/assurance'

export interface RequestFacts {
  /** The account that the request is about. */
  account?: string
  /** What was attempted, and is counted if it is refused: a sign-in by a method, or a refresh. */
  attempt?: AuthenticationMethod | 'refresh'
}

interface Noted {
  client: { facts?: RequestFacts }
}

export function noteAccount({ client }: Noted, userId: string): void {
  if (client.facts) client.facts.account = userId
}

export function noteAttempt({ client }: Noted, attempt: RequestFacts['attempt'] & string): void {
  if (client.facts) client.facts.attempt = attempt
}
