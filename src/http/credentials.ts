/** The credentials of a request. */
import type { Core, Credentials } from '../core'
import { bearerOf } from './bearer'
import { sessionCookieOf } from './cookie'

/** Bearer token, API key, or session cookie. */
export function credentialsOf({ policy }: Pick<Core, 'policy'>, request: Request): Credentials {
  const { headers } = request
  return {
    cookie: headers.has('authorization') ? undefined : sessionCookieOf(request, policy.apiUrl),
    bearer: bearerOf(request),
    apiKey: headers.get('apikey') ?? undefined,
  }
}
