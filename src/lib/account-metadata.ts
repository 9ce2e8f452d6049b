/** Metadata of an account and its own identities, wherever they are written. */
import type { JsonObject } from './json'

/** `app_metadata` of an account with these providers, oldest first. */
export function providersMetadata(providers: string[]): JsonObject {
  return providers.length === 0 ? {} : { provider: providers[0] as string, providers }
}

/** `identity_data` of an address or number, which are identities of the account itself. */
export function contactIdentityData(userId: string, data: JsonObject): JsonObject {
  return { email_verified: false, phone_verified: false, ...data, sub: userId }
}
