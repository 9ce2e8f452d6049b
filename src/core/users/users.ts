/** Building blocks of an account: normalized addresses, new rows, and their identities. */
import { contactIdentityData } from '../../lib/account-metadata'
import { canonicalJson, type JsonObject, mergeMetadata } from '../../lib/json'
import {
  counted,
  fitting,
  isMetadataChangeAllowed,
  MAX_METADATA_BYTES,
  MAX_USER_METADATA_BYTES,
  type Metadata,
} from '../../lib/metadata'
import type { DroppedSignUp, Identity, User } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

export const MAX_EMAIL_LENGTH = 255
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const EMAIL = new RegExp(`^[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]+@${LABEL}(?:\\.${LABEL})*$`)
const PHONE = /^[1-9][0-9]{1,14}$/

/** Normalizes an email address. */
export function normalizeEmail(text: string): string {
  if (text === '') throw new Refusal('email_missing')
  if (text.length > MAX_EMAIL_LENGTH) throw new Refusal('email_too_long')
  if (!EMAIL.test(text)) throw new Refusal('email_malformed')
  return text.toLowerCase()
}

/** E.164 digits without the plus sign. */
export function normalizePhone(text: string): string {
  const digits = comparablePhone(text)
  if (!PHONE.test(digits)) throw new Refusal('phone_malformed')
  return digits
}

/** A phone number normalized for lookups, without validation: an invalid one is simply not found. */
export function comparablePhone(text: string): string {
  return text.replaceAll(' ', '').replace(/^\+/, '')
}

/** `user_metadata` in the form that is stored. */
export const storableMetadata = (metadata: Record<string, unknown>): JsonObject => storable('user', metadata)

/** The JSON of `app_metadata`, with the same limit; the joint limit is checked elsewhere. */
export const storableAppMetadata = (metadata: Record<string, unknown>): JsonObject => storable('app', metadata)

/** A provider's profile, truncated to the limit: the user cannot change its size. */
export const storableProfile = (claims: Record<string, unknown>): JsonObject =>
  fitting(canonicalObject(claims), MAX_USER_METADATA_BYTES)

export const MAX_CLAIM_BYTES = 255

/** Values included in every token must be short. */
export function requireShortClaim(claim: 'role' | 'aud', text: string | undefined): void {
  if (text !== undefined && Buffer.byteLength(text) > MAX_CLAIM_BYTES)
    throw new Refusal('claim_too_long', { detail: claim })
}

export function requireMetadataWithinLimit(metadata: Metadata): Metadata {
  if (!isMetadataChangeAllowed(metadata)) throw new Refusal('metadata_too_large')
  return metadata
}

function storable(kind: keyof Metadata, metadata: Record<string, unknown>): JsonObject {
  const kept = canonicalObject(metadata)
  const added = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== null))
  const most = kind === 'user' ? MAX_USER_METADATA_BYTES : MAX_METADATA_BYTES
  if (counted(kind, added) > most) throw new Refusal('metadata_too_large')
  return kept
}

function canonicalObject(metadata: Record<string, unknown>): JsonObject {
  const result = canonicalJson(metadata)
  if ('kept' in result) return result.kept as JsonObject
  if (result.flaw === 'nul') throw new Refusal('metadata_unstorable')
  // Go's decoder rejects these two, so GoTrue does not accept them as JSON
  throw new Refusal('body_malformed', {
    detail: result.flaw === 'depth' ? 'exceeded max depth' : 'number out of range',
  })
}

/** The user, if the account is not deleted and belongs to the audience of the request; otherwise not found. */
export const inAudience = (user: User | undefined, audience: string): User | undefined =>
  user?.aud === audience && user.deletedAt === null ? user : undefined

type NewUser = Omit<User, 'uid' | 'confirmedAt'>

/**
 * Data to remove when the owner of an account requests a sign-in by inbox or phone: an unconfirmed password and its
 * metadata may belong to an attacker who signed up first. Data set by an administrator is kept.
 */
export function dropUnconfirmedPassword(user: User): DroppedSignUp {
  const { id, email, confirmedAt, encryptedPassword, isPasswordFromAdmin, isAdminCreated } = user
  if (confirmedAt !== null) return {}
  const password = isPasswordFromAdmin ? {} : { encryptedPassword: null }
  if (encryptedPassword === null || isAdminCreated) return password
  // Without the number, as in the metadata of a sign-up by phone.
  const own = contactIdentityData(id, email === null ? {} : { email })
  return { ...password, rawUserMetaData: mergeMetadata(own, user.adminUserMetaData) }
}

/** A row with defaults for everything not given. */
export function newUser(
  { policy, now }: Pick<Context, 'policy' | 'now'>,
  given: Partial<NewUser> & { id: string },
): NewUser {
  return {
    aud: policy.audience,
    role: policy.defaultRole,
    email: null,
    encryptedPassword: null,
    emailConfirmedAt: null,
    invitedAt: null,
    confirmationSentAt: null,
    recoverySentAt: null,
    emailChange: null,
    emailChangeSentAt: null,
    emailChangeConfirmStatus: 0,
    phone: null,
    phoneConfirmedAt: null,
    phoneChange: null,
    phoneChangeSentAt: null,
    reauthenticationSentAt: null,
    factorSmsSentAt: null,
    rawAppMetaData: {},
    rawUserMetaData: {},
    adminUserMetaData: {},
    isAdminCreated: false,
    isPasswordFromAdmin: false,
    lastSignInAt: null,
    bannedUntil: null,
    isSsoUser: false,
    isAnonymous: false,
    deletedAt: null,
    factorCount: 0,
    username: null,
    matrixUserId: null,
    createdAt: now,
    updatedAt: now,
    ...given,
  }
}

/** The identity of an address or a number; its provider id is the account's own id. */
export function contactIdentity(
  { random, now }: Pick<Context, 'random' | 'now'>,
  userId: string,
  provider: 'email' | 'phone',
  data: JsonObject,
): Identity {
  const identityData = storableMetadata(contactIdentityData(userId, data))
  return {
    id: random.uuid(),
    userId,
    provider,
    providerId: userId,
    identityData,
    lastSignInAt: now,
    createdAt: now,
    updatedAt: now,
  }
}
