/** The keys that sign access tokens, managed by administrators of a running server (docs/admin-api.md#server). */
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import {
  ALGORITHMS,
  type Algorithm,
  createSigningKey,
  listSigningKeys,
  revokeSigningKey,
  type SigningKey,
  scheduleSigningKey,
} from '../tokens/signing-keys'

/** Newest first. */
export const listKeys = (context: Context): Promise<SigningKey[]> => listSigningKeys(context)

/** Creates a standby key, which verifiers can fetch from then on. */
export async function createKey(context: Context, { admin, alg }: { admin: Admin; alg: string }): Promise<SigningKey> {
  requireKeysInDatabase(context)
  if (!isAlgorithm(alg)) throw new Refusal('signing_key_algorithm', { detail: ALGORITHMS.join(', ') })
  const kid = await createSigningKey(context, alg, auditOf(context, 'signing_key_created', admin))
  return keyOf(context, kid)
}

/** @param isUrgent signs from now on, and not only once verifiers have had time to fetch it */
export async function activateKey(
  context: Context,
  { admin, kid, isUrgent }: { admin: Admin; kid: string; isUrgent: boolean },
): Promise<SigningKey> {
  requireKeysInDatabase(context)
  const { alg } = await keyOf(context, kid)
  const { validMethods } = context.policy.signing
  if (validMethods && !validMethods.includes(alg)) throw new Refusal('signing_key_not_verified')
  const audit = auditOf(context, 'signing_key_activated', admin)
  if ((await scheduleSigningKey(context, { kid, isUrgent, audit })) === undefined)
    throw new Refusal('signing_key_not_standby')
  return keyOf(context, kid)
}

/** Tokens that it signed are refused as soon as each process has reloaded the keys. */
export async function revokeKey(context: Context, { admin, kid }: { admin: Admin; kid: string }): Promise<SigningKey> {
  requireKeysInDatabase(context)
  await keyOf(context, kid)
  if (!(await revokeSigningKey(context, kid, auditOf(context, 'signing_key_revoked', admin))))
    throw new Refusal('signing_key_revoked')
  return keyOf(context, kid)
}

type KeyAction = 'signing_key_created' | 'signing_key_activated' | 'signing_key_revoked'

const auditOf = (context: Context, action: KeyAction, admin: Admin) => (kid: string) => [
  auditEntry(context, action, actorOf(admin), { kid }),
]

const isAlgorithm = (alg: string): alg is Algorithm => (ALGORITHMS as readonly string[]).includes(alg)

async function keyOf(context: Context, kid: string): Promise<SigningKey> {
  const found = (await listSigningKeys(context)).find((key) => key.kid === kid)
  if (!found) throw new Refusal('signing_key_unknown')
  return found
}

function requireKeysInDatabase({ policy }: Context): void {
  if (policy.signing.isFixed) throw new Refusal('signing_keys_in_settings')
}
