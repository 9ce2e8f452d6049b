/** Where the request under way comes from, for the audit log: whatever it does is noted with it. */
import { AsyncLocalStorage } from 'node:async_hooks'

const origin = new AsyncLocalStorage<string>()

/** Does the work of a request. @param ip canonical address of the client; empty where it is not to be kept */
export const askedFrom = <T>(ip: string, work: () => T): T => origin.run(ip, work)

/** Empty for what no request asked for. */
export const originIp = (): string => origin.getStore() ?? ''
