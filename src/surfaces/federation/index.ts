/** Signing in with a choice of server (federation.md), at some paths below `/auth/v1`. */
import type { Core } from '../../core'
import { type Bounds, type Dialect, type Endpoint, mount } from '../../http/endpoint'
import { noteRefusal } from '../../http/exchange'
import { targetOf } from '../../http/target'
import { answerFault, answerRefusal, answerWrongMethod } from './errors'
import { changePassword, introspect, login, logout, me, refresh } from './sessions'
import { createUser } from './users'

const PREFIX = '/auth/v1'

const endpoints: Endpoint[] = [login, me, refresh, changePassword, createUser, introspect]

export interface FederationOptions extends Bounds {
  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
}

export function federation(core: Core, { onFault, ...bounds }: FederationOptions) {
  const dialect: Dialect = {
    prefix: PREFIX,
    isHidden: false,
    encode: JSON.stringify,
    answerError(error, request) {
      const refusal = noteRefusal(error, request)
      if (refusal) return answerRefusal(refusal)
      onFault(error, request)
      return answerFault()
    },
  }
  return {
    app: mount(core, endpoints, dialect, bounds),
    /** For requests that `crossing.ts` finds to be for this surface, although the path is another's. */
    logout: mount(core, [logout], { ...dialect, isHidden: true }, bounds),
    /** The answer to a method that a path of this surface does not have (settled 20); undefined for any other path. */
    answerUnknown(request: Request): Response | undefined {
      const path = targetOf(request).path.slice(PREFIX.length)
      const methods = endpoints.filter((each) => each.path === path).map(({ method }) => method)
      return methods.length === 0 ? undefined : answerWrongMethod(methods)
    },
  }
}
