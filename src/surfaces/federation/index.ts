/** Federation: sign-in with a choice of server, at some paths below `/auth/v1` (docs/other-surfaces.md#federation). */
import type { Core } from '../../core'
import type { Endpoint } from '../../http/endpoint'
import { errorHandler } from '../../http/error-responses'
import { type MountOptions, mount, type SurfaceFormat } from '../../http/mount'
import { targetOf } from '../../http/target'
import { answerFault, answerRefusal, answerWrongMethod } from './errors'
import { changePassword, introspect, login, logout, me, refresh } from './sessions'
import { createUser } from './users'

const PREFIX = '/auth/v1'

const endpoints: Endpoint[] = [login, me, refresh, changePassword, createUser, introspect]

export interface FederationOptions extends MountOptions {
  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
}

export function federation(core: Core, { onFault, ...bounds }: FederationOptions) {
  const format: SurfaceFormat = {
    prefix: PREFIX,
    isHidden: false,
    encode: JSON.stringify,
    answerError: errorHandler({ answerRefusal, answerFault, onFault }),
  }
  return {
    app: mount(core, endpoints, format, bounds),
    /** For requests that `shared-logout.ts` assigns to this surface, although the path belongs to another. */
    logout: mount(core, [logout], { ...format, isHidden: true }, bounds),
    /**
     * The response to an unsupported method of this surface's paths (docs/decisions.md#d20); undefined for any other
     * path.
     */
    notFoundResponse(request: Request): Response | undefined {
      const path = targetOf(request).path.slice(PREFIX.length)
      const methods = endpoints.filter((each) => each.path === path).map(({ method }) => method)
      return methods.length === 0 ? undefined : answerWrongMethod(request, methods)
    },
  }
}
