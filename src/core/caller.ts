/** Who is asking: what a request shows, and whom it turned out to be of. */
import type { Session, User } from '../store'
import { Refusal } from './refusal'
import type { VerifiedClaims } from './tokens/jwt'

/** What a request shows. */
export interface Credentials {
  /** Token of the Authorization header, without its scheme. */
  bearer: string | undefined
  apiKey: string | undefined
  /** The session cookie, where there is no Authorization header. */
  cookie?: { token: string; isTrusted: boolean } | undefined
}

/** A user with a right access token, whose session is live. */
export interface Caller {
  user: User
  /** Undefined for a token that names none. Its `aal` is what the token counts for. */
  session: Session | undefined
  claims: VerifiedClaims
  /** Whether a personal access token stands for the user, which may do less than they themselves. */
  isPersonalToken: boolean
}

/** The session that a caller acts in, for the store. */
export const actingIn = ({ id: sessionId, aal }: Session): { sessionId: string; aal: Session['aal'] } => ({
  sessionId,
  aal,
})

/** Whoever may use the admin API. */
export interface Admin {
  role: string
  user?: User
}

/** @throws {Refusal<'not_in_person'>} where a personal access token asks for what its user has to be there for (settled 11) */
export function requireInPerson(caller: Caller): Caller {
  if (caller.isPersonalToken) throw new Refusal('not_in_person')
  return caller
}
