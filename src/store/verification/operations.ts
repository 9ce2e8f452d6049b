/** Operations on verification tokens inside transactions: create, consume, invalidate. */
import { secretEqual } from '../../lib/secrets'
import { isExpired } from '../../lib/time'
import { Conflict, guarded, read, type Tx, write } from '../engine'
import { discardFlow } from '../oauth/flows'
import type { User, VerificationKind, VerificationToken } from '../schema'
import type { TokenAddress } from './backend'

/** A token to be created. It invalidates tokens of these kinds for the same address or user. */
export interface Minting {
  token: VerificationToken
  replaces: readonly VerificationKind[]
  /** Whether tokens sent to other addresses of the user remain valid. */
  keepsOtherAddresses?: boolean
}

export interface TokenUse {
  id: string
  /**
   * If a short code was given instead of the token: its hash under every pepper, one of which must match the token's. A
   * wrong one also counts as a guess at the other tokens it might have belonged to.
   */
  code?: { hashes: string[]; maxAttempts: number; others?: string[] }
}

export type TokenRefusal = 'token_unknown' | 'token_used' | 'token_expired'

/** @returns the ids of the tokens they replace */
export async function mintTokens(tx: Tx, mintings: readonly Minting[], now: number): Promise<string[]> {
  const replaced: string[] = []
  for (const { token, replaces, keepsOtherAddresses = false } of mintings) {
    const older = [
      ...(token.email === null ? [] : await tx.tokens.pendingFor({ email: token.email })),
      ...(token.phone === null ? [] : await tx.tokens.pendingFor({ phone: token.phone })),
      ...(token.userId === null || keepsOtherAddresses ? [] : await tx.tokens.pendingOf(token.userId)),
    ]
    // The account has one pending address, so a link of one family would confirm a change requested through the other.
    const own = older.filter(({ userId }) => userId === null || token.userId === null || userId === token.userId)
    for (const { id, family, kind } of own)
      if ((family === token.family || kind === 'email_change') && replaces.includes(kind))
        if (await tx.tokens.markConsumed(id, now)) replaced.push(id)
    if (token.userId !== null) await tx.tokens.discardOthers?.(token.userId, replaces)
  }
  for (const { token } of mintings) await tx.tokens.put(token)
  return replaced
}

/**
 * Whether a token can be consumed now. A wrong code is counted, whatever the operation does next.
 * @returns why not, or undefined if it can
 */
export async function refuseTokenUse(tx: Tx, { id, code }: TokenUse, now: number): Promise<TokenRefusal | undefined> {
  const token = await tx.tokens.get(id)
  if (!token) return 'token_unknown'
  if (code && !isCodeOf(token, code)) {
    for (const each of [id, ...(code.others ?? [])]) await tx.tokens.countAttempt(each)
    return 'token_unknown'
  }
  if (token.consumedAt !== null) return 'token_used'
  return isExpired(token, now) ? 'token_expired' : undefined
}

/** Consumes a token that `refuseTokenUse` allowed. @throws {Conflict} if it was consumed since */
export async function consumeToken(tx: Tx, { id }: TokenUse, now: number): Promise<void> {
  if (!(await tx.tokens.markConsumed(id, now))) throw new Conflict()
}

function isCodeOf(
  { codeHash, codeAttempts }: VerificationToken,
  { hashes, maxAttempts }: NonNullable<TokenUse['code']>,
): boolean {
  return codeHash !== null && codeAttempts < maxAttempts && hashes.some((hash) => secretEqual(hash, codeHash))
}

export interface Withdrawal {
  /** The tokens whose message could not be sent. */
  tokens: readonly string[]
  /** The tokens they replaced, and when. */
  replaced: readonly string[]
  replacedAt: number
  flowId: string | undefined
}

/**
 * Deletes tokens that could not be sent. The tokens that they replaced become valid again, unless the tokens of the
 * account have been invalidated since: that would have consumed the new ones too.
 */
export async function withdrawTokensIn(tx: Tx, { tokens, replaced, replacedAt, flowId }: Withdrawal): Promise<void> {
  let isUntouched = true
  for (const id of tokens) isUntouched = (await tx.tokens.withdraw(id)) && isUntouched
  if (!isUntouched) return
  if (flowId !== undefined) await discardFlow(tx, flowId)
  for (const id of replaced) await tx.tokens.restore(id, replacedAt)
}

export const withdrawTokens = write(async (tx, withdrawal: Withdrawal): Promise<void> => {
  await withdrawTokensIn(tx, withdrawal)
})

/**
 * Makes a token valid again that was consumed at that time, for a sign-in that did not happen. Not if its address is no
 * longer the account's, and not if there is a newer one: that may be known to its owner alone, and has replaced it.
 */
export async function restoreToken(
  tx: Tx,
  id: string,
  { user, at }: { user: Pick<User, 'id' | 'email' | 'phone'>; at: number },
): Promise<void> {
  const token = await tx.tokens.get(id)
  if (token?.userId !== user.id || token.consumedAt !== at) return
  const isOwn = token.email === null ? token.phone === user.phone : token.email === user.email
  if (isOwn && !(await tx.tokens.hasNewer(user.id, at))) await tx.tokens.restore(id, at)
}

/** Tokens of the user, and those sent to the address before it had an account. @param keep ids of tokens to keep */
export async function invalidateTokensOf(
  tx: Tx,
  { id, email }: { id: string; email: string | null },
  now: number,
  keep: readonly string[] = [],
): Promise<void> {
  const strays = email === null ? [] : await tx.tokens.pendingFor({ email })
  const pending = [...(await tx.tokens.pendingOf(id)), ...strays.filter(({ userId }) => userId === null)]
  for (const token of pending) if (!keep.includes(token.id)) await tx.tokens.markConsumed(token.id, now)
  await tx.tokens.discardOthers?.(id)
}

/** Counts a code known to be wrong. */
export const countWrongCode = write(async (tx, { now, ...tokenUse }: TokenUse & { now: number }): Promise<void> => {
  await refuseTokenUse(tx, tokenUse, now)
})

export const findTokens = read(async (tx, prefix: string) => tx.tokens.byPrefix(prefix))

export const pendingTokens = read(async (tx, address: TokenAddress) => tx.tokens.pendingFor(address))

export const purgeTokens = guarded(async (tx, before: number) => tx.tokens.purgeExpired(before))
