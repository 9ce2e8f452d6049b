/** The caller of a request, and the credentials they presented. */
import type { Session, User } from '../../store'
import { Refusal } from './refusal'
import type { VerifiedClaims } from './server-state'

/** Credentials of a request. */
export interface Credentials {
  /** Token of the Authorization header, without its scheme. */
  bearer: string | undefined
  apiKey: string | undefined
  /** The session cookie, if there is no Authorization header. */
  cookie?: { token: string; isTrusted: boolean } | undefined
}

/** A user with a valid access token and a live session. */
export interface Caller {
  user: User
  /** Undefined for a token without a session. Its `aal` is limited to the level of the token. */
  session: Session | undefined
  claims: VerifiedClaims
  /** Whether the caller uses a personal access token, which has fewer rights than the user. */
  isPersonalToken: boolean
}

/** The caller's session, for the store. */
export const requestSessionOf = ({ id: sessionId, aal }: Session): { sessionId: string; aal: Session['aal'] } => ({
  sessionId,
  aal,
})

/** A caller with access to the admin API. */
export interface Admin {
  role: string
  user?: User
}

/** Who an administrator is in the audit log: the user or, with a key, its role. */
export const actorOf = ({ role, user }: Admin): User | string => user ?? role

/** @throws {Refusal} for personal access tokens (docs/decisions.md#d11) */
export function forbidPersonalToken(caller: Caller): Caller {
  if (caller.isPersonalToken) throw new Refusal('personal_token_not_allowed')
  return caller
}
