/**
 * `latchkey keys list | rotate | import | revoke`: the keys that sign access tokens, in addition to the HS256 secret.
 */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type SigningKeys, signingKeysOf } from '../compose/keys'
import type { Settings } from '../config'
import { openForKeys } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { time as formatTime, print } from './output'
import { requireSettings } from './settings'

/** The keys in the database; a running server picks up changes. */
async function withKeys(command: Command, work: (keys: SigningKeys, settings: Settings) => Promise<void>) {
  const { settings } = requireSettings(command)
  if (settings.tokens.jwtKeys)
    fail('AUTH_JWT_KEYS contains the signing keys; change them there, or unset it to manage keys with this command')
  await exitOnError(async () => {
    await using data = await openForKeys(command, settings)
    await work(await signingKeysOf(settings, data.secrets, data.store), settings)
  })
}

type SigningKey = Awaited<ReturnType<SigningKeys['list']>>[number]
type Algorithm = Parameters<SigningKeys['create']>[0]

const time = (ms: number | null) => formatTime(ms) || '-'

/** `latchkey keys list`: newest first. */
export function listKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const keys = await ring.list()
    print(command, keys.map(toJson), () => {
      const lines = keys.map(({ kid, alg, status, createdAt, signsFrom, verifiesUntil }) => {
        const until = verifiesUntil === null ? '' : `  verifies until ${time(verifiesUntil)}`
        const columns = [kid.padEnd(43), alg, status.padEnd(15), time(createdAt), `signs from ${time(signsFrom)}`]
        return columns.join('  ') + until
      })
      const isSigning = keys.some(({ status }) => status === 'in_use')
      return [...lines, ...(isSigning ? [] : [SIGNED_WITH_SECRET])].join('\n')
    })
  })
}

const SIGNED_WITH_SECRET =
  'Tokens are signed with the HS256 secret. `latchkey keys rotate` creates a key whose tokens services can verify without a shared secret.'

const toJson = ({ kid, alg, status, createdAt, signsFrom, verifiesUntil }: SigningKey) => ({
  kid,
  alg,
  status,
  created_at: createdAt,
  signs_from: signsFrom,
  verifies_until: verifiesUntil,
})

/** `latchkey keys rotate [kid]`: activates a standby key, or a new one. */
export function rotateKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring, { tokens }) => {
    const { alg, now: isUrgent = false } = command.opts<{ alg: Algorithm; now?: boolean }>()
    const keys = await ring.list()
    const isChoice = command.getOptionValueSource('alg') === 'cli'
    const waiting = keys.filter((key) => key.status === 'standby' && (!isChoice || key.alg === alg))
    const named = command.args[0]
    if (named !== undefined && !waiting.some(({ kid }) => kid === named))
      fail(`${named} is not a standby key; latchkey keys list shows those that are`, EXIT.notFound)
    const scheduled = waiting.find(({ signsFrom }) => signsFrom !== null)
    if (scheduled && named === undefined && !isUrgent)
      fail(
        `${scheduled.kid} is already scheduled to sign from ${time(scheduled.signsFrom)}; with --now it signs immediately`,
      )
    const present = waiting.find(({ kid }) => kid === named) ?? scheduled ?? waiting[0]
    const chosenAlg = present?.alg ?? alg
    if (tokens.jwtValidMethods && !tokens.jwtValidMethods.includes(chosenAlg))
      fail(`AUTH_JWT_VALID_METHODS does not list ${chosenAlg}, so services that use it would refuse the new tokens`)
    const chosen = present?.kid ?? (await ring.create(alg))
    const signsFrom = await ring.schedule({ kid: chosen, isUrgent })
    if (signsFrom === undefined) fail(`${chosen} is no longer on standby`)
    print(command, { kid: chosen, alg: chosenAlg, signs_from: signsFrom }, () =>
      [
        `${chosen} (${chosenAlg}) is published, and signs from ${time(signsFrom ?? 0)}.`,
        'Earlier keys stay valid until their last tokens have expired.',
      ].join('\n'),
    )
  })
}

/** `latchkey keys import <file>`: imports private JWKs, or a PEM, as standby keys. */
export function importKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const path = command.args[0] as string
    const kids: string[] = []
    for (const jwk of readKeys(path)) {
      const kid = await ring.import(jwk)
      kids.push(kid ?? fail(`a key with the kid ${String(jwk.kid)} already exists`, EXIT.refused))
    }
    print(command, { kids }, () =>
      kids.map((kid) => `${kid} is published on standby; latchkey keys rotate ${kid} activates it.`).join('\n'),
    )
  })
}

type Jwk = Parameters<SigningKeys['import']>[0]

/** A JWK, a list of them, a JWK set (RFC 7517 §5), or a private key in PEM (RFC 7468). */
function readKeys(path: string): Jwk[] {
  const text = readFileSync(path, 'utf8')
  if (text.trimStart().startsWith('-----BEGIN')) return [createPrivateKey(text).export({ format: 'jwk' }) as Jwk]
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Error(`${path} is neither JSON nor PEM`)
  }
  const isSet = typeof parsed === 'object' && parsed !== null && 'keys' in parsed && Array.isArray(parsed.keys)
  const found = isSet ? (parsed as { keys: unknown[] }).keys : Array.isArray(parsed) ? parsed : [parsed]
  if (!found.every((each) => typeof each === 'object' && each !== null)) throw new Error(`${path} contains no JWK`)
  return found as Jwk[]
}

/** `latchkey keys revoke <kid>`: its tokens are refused immediately. */
export function revokeKey(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const kid = command.args[0] as string
    const key = (await ring.list()).find((each) => each.kid === kid)
    if (!(await ring.revoke(kid)))
      fail(`${kid} is not an active key; latchkey keys list shows those that are`, EXIT.notFound)
    const wasSigning = key?.status === 'in_use'
    print(command, { kid, was_signing: wasSigning }, () =>
      [
        `${kid} is revoked: tokens signed with it are refused, and their owners have to sign in again or refresh.`,
        ...(wasSigning
          ? [
              'Until the next rotation tokens are signed with the HS256 secret. latchkey keys rotate --now creates a key.',
            ]
          : []),
      ].join('\n'),
    )
  })
}
