/**
 * Endpoints for services, native clients, and applications with their own pages: all below `/api/auth`, with one error
 * shape (docs/other-surfaces.md).
 */
import type { Core } from '../../core'
import type { Endpoint } from '../../http/endpoint'
import { errorHandler } from '../../http/error-responses'
import { type MountOptions, mount, type SurfaceFormat } from '../../http/mount'
import { targetOf } from '../../http/target'
import * as accounts from './accounts'
import { answerFault, answerRefusal, answerUnmatched } from './errors'
import * as native from './native-tokens'
import * as roles from './roles'
import * as shared from './shared-paths'
import * as verification from './verification'

export const PREFIX = '/api/auth'

/** The endpoints in the order of the documentation. */
const serviceEndpoints: Endpoint[] = [
  ...[accounts.register, accounts.login, shared.refresh, shared.logout, accounts.me, accounts.introspect],
  ...[roles.listRoles, roles.grantRole, roles.revokeRole],
  native.mintTokens,
  ...[native.createPersonalToken, native.listPersonalTokens, native.revokePersonalToken],
  ...[verification.requestPasswordReset, verification.completePasswordReset],
  ...[verification.requestEmailChange, verification.confirmEmailChange],
  ...[verification.sendMagicLink, verification.verifyMagicLink],
]

export interface ServiceOptions extends MountOptions {
  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
}

export function service(core: Core, { onFault, ...bounds }: ServiceOptions) {
  const format: SurfaceFormat = {
    prefix: PREFIX,
    isHidden: false,
    encode: JSON.stringify,
    answerError: errorHandler({ answerRefusal, answerFault, onFault }),
  }
  return { app: mount(core, serviceEndpoints, format, bounds), notFoundResponse }
}

/** An unknown path, or an unsupported method of a known one (docs/decisions.md#d19). */
async function notFoundResponse(request: Request): Promise<Response> {
  const path = targetOf(request).path.slice(PREFIX.length)
  const methods = serviceEndpoints.filter((each) => patternOf(each).test(path)).map(({ method }) => method)
  return answerUnmatched(request, methods)
}

const patternOf = ({ path }: Endpoint) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
