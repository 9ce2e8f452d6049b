/** Origin of the current request, for the audit log: every action of the request is recorded with it. */
import { AsyncLocalStorage } from 'node:async_hooks'

const origin = new AsyncLocalStorage<() => string>()

/**
 * Runs the work of a request.
 * @param ip returns the canonical address of the client, or an empty string if it is not to be stored; called only if
 *   the request writes to the audit log
 */
export const withOrigin = <T>(ip: () => string, work: () => T): T => origin.run(ip, work)

/** Empty for background work. */
export const originIp = (): string => origin.getStore()?.() ?? ''
