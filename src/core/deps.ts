/** What every function of the core is given. */
import type { Store } from '../store'
import type { Passwords } from './passwords'
import type { Policy } from './policy'
import type { Clock, Random, Sealer } from './ports'
import type { RateLimits } from './rate-limits'
import type { ApiKeys } from './tokens/api-keys'
import type { Keyring } from './tokens/jwt'

export interface Deps {
  store: Store
  clock: Clock
  random: Random
  sealer: Sealer
  passwords: Passwords
  keyring: Keyring
  apiKeys: ApiKeys
  limits: RateLimits
  policy: Policy
  /** Keys under which imported tokens are hashed. */
  pepper: Buffer
}

/** Where a request came from. */
export interface Client {
  /** Canonical address; behind trusted proxies that of the client, not of the proxy. */
  ip: string
  userAgent: string | undefined
}
