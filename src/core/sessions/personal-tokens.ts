/**
 * Personal access tokens (docs/other-surfaces.md#personal-access-tokens): created in a session, shown once, with fewer
 * rights than a session.
 */
import type { PersonalAccessToken } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { mintOpaqueToken } from '../tokens/opaque'
import { needsSecondFactor } from '../users/second-factor-status'

export const MAX_PERSONAL_TOKEN_NAME = 100
export const MAX_PERSONAL_TOKENS = 100

/** @param expiresAt an ISO 8601 time; undefined for never */
export async function createPersonalToken(
  context: Context,
  { caller, name, expiresAt }: { caller: Caller; name: string; expiresAt: string | undefined },
): Promise<{ token: string; kept: PersonalAccessToken }> {
  const { random, store, now } = context
  const { user, session } = forbidPersonalToken(caller)
  if (!session) throw new Refusal('personal_token_not_allowed')
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > MAX_PERSONAL_TOKEN_NAME) throw new Refusal('personal_token_name')
  const end = expiresAt === undefined ? null : Date.parse(expiresAt)
  if (end !== null && !(end > now)) throw new Refusal('personal_token_expiry')
  const { token, ...hashed } = mintOpaqueToken(context, 'personal')
  const kept: PersonalAccessToken = {
    id: random.uuid(),
    userId: user.id,
    name: trimmed,
    ...hashed,
    createdAt: now,
    expiresAt: end,
    lastUsedAt: null,
  }
  const outcome = await store.createPersonalToken({
    token: kept,
    sessionId: session.id,
    max: MAX_PERSONAL_TOKENS,
    audit: [auditEntry(context, 'personal_token_created', user, { token_id: kept.id })],
  })
  if (outcome !== 'created') throw new Refusal(outcome)
  return { token, kept }
}

/** Newest first. */
export const listPersonalTokens = (
  { store }: Context,
  { caller }: { caller: Caller },
): Promise<PersonalAccessToken[]> => store.listPersonalTokens(caller.user.id)

/** @throws {Refusal} also for another user's token */
export async function revokePersonalToken(
  context: Context,
  { caller, id }: { caller: Caller; id: string },
): Promise<void> {
  const { user } = forbidPersonalToken(caller)
  const audit = [auditEntry(context, 'personal_token_revoked', user, { token_id: id })]
  const isRevoked = await context.store.revokePersonalToken({ id, userId: user.id, audit })
  if (!isRevoked) throw new Refusal('personal_token_unknown')
}
