/**
 * Links and codes that GoTrue sent: auth.one_time_tokens, and the token columns of auth.users. None is created. One that is
 * used becomes a token of ours, and those that a new token replaces, or that are no longer valid, are deleted.
 */
import { type Queries, read, write } from '../engine'
import { text } from '../query'
import {
  flowState,
  type User,
  users,
  type VerificationKind,
  type VerificationToken,
  verificationTokens,
} from '../schema'
import { userById } from '../statements'
import type { VerificationBackend } from '../verification/backend'
import { postgresStatement } from './pairs/pair'

/** GoTrue's types of tokens, by our kinds. */
const TYPES: Record<VerificationKind, readonly string[]> = {
  signup: ['confirmation_token'],
  invite: ['confirmation_token'],
  phone_confirmation: ['confirmation_token'],
  magic_link: ['recovery_token'],
  password_reset: ['recovery_token'],
  email_change: ['email_change_token_current', 'email_change_token_new'],
  phone_change: ['phone_change_token'],
  reauthentication: ['reauthentication_token'],
}
const ALL_TYPES = [...new Set(Object.values(TYPES).flat())]

const typesOf = (kinds: readonly VerificationKind[]) => [...new Set(kinds.flatMap((kind) => TYPES[kind]))].join()

const HAS_TYPE = "token_type::text = ANY (string_to_array(:types, ','))"
/** The column has no time zone. */
const CREATED_AT = "created_at AT TIME ZONE 'UTC'"

const tokenByHash = postgresStatement(
  { hash: text, otherHash: text, types: text },
  { userId: users.id, type: text, tokenHash: text, createdAt: verificationTokens.createdAt },
  `SELECT user_id AS "userId", token_type::text AS type, token_hash AS "tokenHash", ${CREATED_AT} AS "createdAt"
  FROM auth.one_time_tokens WHERE token_hash IN (:hash, :otherHash) AND ${HAS_TYPE}`,
)

const tokenFor = postgresStatement(
  { address: text, types: text, after: users.createdAt },
  { createdAt: verificationTokens.createdAt },
  `SELECT ${CREATED_AT} AS "createdAt" FROM auth.one_time_tokens
  WHERE relates_to = :address AND ${HAS_TYPE} AND ${CREATED_AT} > :after LIMIT 1`,
)

/** GoTrue issues the code of a flow when the link is followed. */
const pendingFlow = postgresStatement(
  { userId: users.id },
  { id: flowState.id, method: flowState.authenticationMethod },
  `SELECT id, authentication_method AS method FROM auth.flow_state
  WHERE user_id = :userId AND code_challenge IS NOT NULL AND auth_code_issued_at IS NULL
    AND authentication_method IN ('email/signup', 'invite', 'magiclink', 'recovery', 'email_change')
  ORDER BY created_at DESC LIMIT 1`,
)

const copyFlow = postgresStatement(
  { id: flowState.id, createdAt: flowState.createdAt },
  {},
  `INSERT INTO latchkey.flow_state (id, user_id, code_challenge, code_challenge_method, authentication_method, created_at)
  SELECT id::text, user_id, code_challenge, code_challenge_method::text, authentication_method, :createdAt
  FROM auth.flow_state WHERE id = :id::uuid ON CONFLICT DO NOTHING`,
)

const cleared = ALL_TYPES.map(
  (type) => `${type} = CASE WHEN EXISTS (SELECT FROM gone WHERE type = '${type}') THEN '' ELSE ${type} END`,
)

const discard = postgresStatement(
  { userId: users.id, types: text },
  {},
  `WITH gone AS (
    DELETE FROM auth.one_time_tokens WHERE user_id = :userId AND ${HAS_TYPE} RETURNING token_type::text AS type
  ) UPDATE auth.users SET ${cleared.join(', ')} WHERE id = :userId AND EXISTS (SELECT FROM gone)`,
)

/** Adds the deletion of GoTrue's tokens to a backend. */
export const withGotrueTokens = (backend: VerificationBackend, { run }: Queries): VerificationBackend => ({
  ...backend,
  async discardOthers(userId, kinds) {
    await run(discard, { userId, types: kinds ? typesOf(kinds) : ALL_TYPES.join() })
  },
})

/** A token of GoTrue. */
export interface GotrueToken {
  type: string
  /** What its link contains. */
  tokenHash: string
  /** Unix milliseconds. */
  createdAt: number
  user: User
  /** The PKCE flow that its link completes. */
  flow: { id: string; method: string } | undefined
}

export interface GotrueTokenSearch {
  kinds: readonly VerificationKind[]
  /** The token as it may be stored. */
  hashes: readonly [string, string]
}

export const hasGotrueToken = read(
  async (tx, { kinds, hashes: [hash, otherHash] }: GotrueTokenSearch) =>
    (await tx.one(tokenByHash, { hash, otherHash, types: typesOf(kinds) })) !== undefined,
)

/** Whether a code was sent to an address after that time, in Unix milliseconds. */
export const wasGotrueCodeSent = read(
  async (tx, { kinds, ...sent }: { kinds: readonly VerificationKind[]; address: string; after: number }) =>
    (await tx.one(tokenFor, { ...sent, types: typesOf(kinds) })) !== undefined,
)

export interface GotrueTokenAdoption extends GotrueTokenSearch {
  now: number
  /** Our form of the token; undefined if it can no longer be used. */
  convert(token: GotrueToken): VerificationToken | undefined
}

/** Replaces a token of GoTrue by one of ours. @returns undefined if there is none that can be used */
export const adoptGotrueToken = write(
  async (
    tx,
    { kinds, hashes: [hash, otherHash], now, convert }: GotrueTokenAdoption,
  ): Promise<VerificationToken | undefined> => {
    const found = await tx.one(tokenByHash, { hash, otherHash, types: typesOf(kinds) })
    const user = found && (await tx.one(userById, { id: found.userId }))
    if (!found || !user) return undefined
    const flow = found.tokenHash.startsWith('pkce_') ? await tx.one(pendingFlow, { userId: user.id }) : undefined
    const token = convert({ ...found, user, flow })
    if (!token) return undefined
    if (token.flowStateId !== null) await tx.run(copyFlow, { id: token.flowStateId, createdAt: now })
    await tx.run(discard, { userId: user.id, types: found.type })
    await tx.tokens.put(token)
    return token
  },
)
