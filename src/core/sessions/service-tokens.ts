/**
 * Access tokens of `/api/auth` (docs/other-surfaces.md#service-endpoints): roles in the token, the session as `sid`.
 */
import type { OpenedSession } from '../../store'
import type { Context } from '../kernel/context'
import { rolesOfCaller } from '../users/roles'
import { displayName } from '../users/usernames'

export interface ServiceSession extends OpenedSession {
  accessToken: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
  roles: string[]
}

/** For accounts older than the metadata limit; a longer token would not pass proxies. */
const MAX_NAME_LENGTH = 1024

/** @param refreshToken of this surface, issued with the session or by rotation */
export async function issueServiceTokens(
  context: Context,
  opened: OpenedSession,
  refreshToken: string,
): Promise<ServiceSession> {
  const { keyring, policy, now } = context
  const { user, session } = opened
  const { issuer, accessTokenMs } = policy.service
  const expiresIn = accessTokenMs / 1000
  const issuedAt = Math.floor(now / 1000)
  const roles = await rolesOfCaller(context, opened)
  const accessToken = await keyring.sign({
    sub: user.id,
    email: user.email ?? '',
    name: displayName(user.rawUserMetaData).slice(0, MAX_NAME_LENGTH).toWellFormed(),
    roles,
    type: 'access',
    iss: issuer,
    iat: issuedAt,
    exp: issuedAt + expiresIn,
    sid: session.id,
    ...(session.aal === 'aal2' && { aal: session.aal }),
  })
  return { ...opened, accessToken, refreshToken, expiresIn, roles }
}
