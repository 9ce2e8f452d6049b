/** An account's `user_metadata` after a change. */
import { type JsonObject, mergeMetadata } from '../../lib/json'
import { isMetadataChangeAllowed, mergeWithinLimit } from '../../lib/metadata'
import type { User } from '../schema'

export interface MetadataChange {
  /** The account's new address; undefined to leave it unchanged. */
  email?: string | null | undefined
  /** Replaces the present metadata before anything is merged in. */
  replacement?: JsonObject | undefined
  /** Merged in key by key; null removes a key. */
  merged?: JsonObject | undefined
  /** Merged into `app_metadata` in the same change; both share a limit. */
  appMetaData?: JsonObject | undefined
  /** A provider's profile, merged in as far as the limit permits. */
  profile?: JsonObject | undefined
}

/** @returns undefined if it would exceed the limit, which refuses the change */
export function userMetaDataAfter(
  user: User,
  { email, replacement, merged = {}, appMetaData = {}, profile }: MetadataChange,
): JsonObject | undefined {
  const before = { user: user.rawUserMetaData, app: user.rawAppMetaData }
  const after = {
    user: mergeMetadata(replacement ?? before.user, { ...followingEmail(user, email), ...merged }),
    app: mergeMetadata(before.app, appMetaData),
  }
  if (!isMetadataChangeAllowed(after, before)) return undefined
  return profile ? mergeWithinLimit(after, profile) : after.user
}

/** After a sign-up the metadata contains the account's address, so it changes with it. */
function followingEmail({ email: present, rawUserMetaData }: User, email: string | null | undefined): JsonObject {
  const isFollowed = present !== null && rawUserMetaData.email === present
  return isFollowed && email !== undefined ? { email } : {}
}
