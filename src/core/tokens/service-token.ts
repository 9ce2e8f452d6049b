/** Access tokens of the endpoints below `/api/auth` (service.md): roles in the token, the session as `sid`. */
import type { Opened } from '../../store'
import type { Deps } from '../deps'
import { encodeRefreshToken } from './refresh-token'

export interface ServiceSession extends Opened {
  accessToken: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
  roles: string[]
}

/** @param key of the session's refresh tokens, in the clear */
export async function issueForService(
  { keyring, policy, store }: Deps,
  now: number,
  opened: Opened,
  key: Uint8Array,
): Promise<ServiceSession> {
  const { user, session } = opened
  const { issuer, accessTokenMs } = policy.service
  const expiresIn = accessTokenMs / 1000
  const issuedAt = Math.floor(now / 1000)
  // Everyone is a user; other roles are rows.
  const roles = ['user', ...(await store.rolesOf(user.id)).filter((role) => role !== 'user')]
  const accessToken = await keyring.sign({
    sub: user.id,
    email: user.email ?? '',
    name: displayName(user.rawUserMetaData),
    roles,
    type: 'access',
    iss: issuer,
    iat: issuedAt,
    exp: issuedAt + expiresIn,
    sid: session.id,
  })
  const refreshToken = encodeRefreshToken(session.id, session.refreshTokenCounter, key)
  return { ...opened, accessToken, refreshToken, expiresIn, roles }
}

/** What a user is called, by the names that applications give it. */
export function displayName({ display_name, full_name, name }: Record<string, unknown>): string {
  const found = [display_name, full_name, name].find((each) => typeof each === 'string')
  return typeof found === 'string' ? found : ''
}
