/**
 * How much metadata an account may hold. Every access token contains all of it, and a token is sent in one header line:
 * proxies limit a line to 8 KiB (nginx: `large_client_header_buffers`). 3.5 KiB of metadata, what the server adds, the
 * other claims and the signature take at most 7.8 KiB in base64url.
 */
import { type Json, type JsonObject, mergeMetadata } from './json'

/** Bytes of JSON. Metadata that the server itself writes is not counted. */
export const MAX_USER_METADATA_BYTES = 3072
/** The same limit for `user_metadata` and `app_metadata` together. */
export const MAX_METADATA_BYTES = 3584
/** Bytes of both in a token, everything counted; reached only by accounts older than these limits. */
export const MAX_TOKEN_METADATA_BYTES = 4608

export interface Metadata {
  user: JsonObject
  app: JsonObject
}

/** Members written by the server, with the number of bytes that are not counted. */
const OWN: Record<keyof Metadata, Record<string, number>> = {
  user: { email: 257, email_verified: 5, phone: 17, phone_verified: 5, sub: 128 },
  app: { provider: 64, providers: 512 },
}

/** Whether metadata may change to this: it is within the limits, or smaller than before. */
export function isMetadataChangeAllowed(after: Metadata, before: Metadata = { user: {}, app: {} }): boolean {
  const [user, userBefore] = [counted('user', after.user), counted('user', before.user)]
  const [app, appBefore] = [counted('app', after.app), counted('app', before.app)]
  if (user > Math.max(MAX_USER_METADATA_BYTES, userBefore)) return false
  // Oversized metadata is for an administrator to fix, and no reason to refuse a user's change.
  const isBeyondRepair = app > MAX_METADATA_BYTES && app <= appBefore
  return isBeyondRepair || user + app <= Math.max(MAX_METADATA_BYTES, userBefore + appBefore)
}

/** Bytes of one of the two, without the metadata that the server itself writes. */
export function counted(kind: keyof Metadata, metadata: JsonObject): number {
  const isCounted = ([key, value]: [string, Json]) =>
    !Object.hasOwn(OWN[kind], key) || bytesOf(value) > (OWN[kind][key] as number)
  return bytesOf(Object.fromEntries(Object.entries(metadata).filter(isCounted)))
}

/** As many members as fit into a number of bytes, the smallest first. */
export function fitting(metadata: JsonObject, maxBytes: number): JsonObject {
  if (bytesOf(metadata) <= maxBytes) return metadata
  const sized = Object.entries(metadata).map(([key, value]) => ({ key, bytes: bytesOf({ [key]: value }) - 1 }))
  const kept = new Set<string>()
  let bytes = 1
  for (const each of sized.sort((a, b) => a.bytes - b.bytes)) {
    bytes += each.bytes
    if (bytes > maxBytes) break
    kept.add(each.key)
  }
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => kept.has(key)))
}

/** The part of both that fits into a token. `app_metadata` comes first, because it holds permissions. */
export function fitIntoToken({ user, app }: Metadata): Metadata {
  const ofApp = fitting(app, MAX_TOKEN_METADATA_BYTES - 2)
  return { app: ofApp, user: fitting(user, MAX_TOKEN_METADATA_BYTES - bytesOf(ofApp)) }
}

/** Merges a provider's profile into the metadata as far as the limit permits; existing members are kept. */
export function mergeWithinLimit(before: Metadata, profile: JsonObject): JsonObject {
  const sizeOf = ([key, value]: [string, Json]) => bytesOf({ [key]: value })
  let user = before.user
  for (const [key, value] of Object.entries(profile).sort((a, b) => sizeOf(a) - sizeOf(b))) {
    const next = mergeMetadata(user, { [key]: value })
    if (isMetadataChangeAllowed({ ...before, user: next }, before)) user = next
  }
  return user
}

const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value))
