/** Origin of the current request, for the audit log: every action of the request is recorded with it. */
import { AsyncLocalStorage } from 'node:async_hooks'

const origin = new AsyncLocalStorage<string>()

/** Runs the work of a request. @param ip canonical address of the client; empty if it is not to be stored */
export const withOrigin = <T>(ip: string, work: () => T): T => origin.run(ip, work)

/** Empty for background work. */
export const originIp = (): string => origin.getStore() ?? ''
