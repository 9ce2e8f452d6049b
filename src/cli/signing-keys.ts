/** `latchkey keys list | rotate | import | revoke`: the keys that access tokens are signed with, beside the HS256 secret. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ensureSecrets } from '../adapters/data-folder'
import { systemClock, systemRandom } from '../adapters/system'
import type { Settings } from '../config'
import { databasePath, openSigningKeys, type SigningKeys } from '../keys'
import { folderOf, refuseOther } from './data'
import { fail, optionOf, orFail, requireSettings } from './settings'

/** The keys of the database; a server that runs meanwhile takes notice of what is changed. */
async function withKeys(command: Command, work: (keys: SigningKeys, settings: Settings) => Promise<void>) {
  const { settings } = requireSettings(command)
  if (settings.tokens.jwtKeys)
    fail('AUTH_JWT_KEYS holds the signing keys; change them there, or unset it to let this command keep them')
  await orFail(async () => {
    const folder = folderOf(command, settings)
    const database = databasePath(settings, folder)
    refuseOther(database, settings)
    const { secrets } = ensureSecrets(folder, { database, random: systemRandom.bytes, now: systemClock.now() })
    await using keys = await openSigningKeys(settings, secrets, folder)
    await work(keys, settings)
  })
}

type SigningKey = Awaited<ReturnType<SigningKeys['list']>>[number]
type Algorithm = Parameters<SigningKeys['create']>[0]

const print = (line: string) => process.stdout.write(`${line}\n`)
const time = (ms: number | null) => (ms === null ? '-' : new Date(ms).toISOString().slice(0, 19))

/** `latchkey keys list`: the newest first. */
export function listKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const keys = await ring.list()
    if (optionOf(command, 'json')) return void print(JSON.stringify(keys.map(toJson), null, 2))
    for (const { kid, alg, status, createdAt, signsFrom, verifiesUntil } of keys)
      print(
        [kid.padEnd(43), alg, status.padEnd(15), time(createdAt), `signs from ${time(signsFrom)}`].join('  ') +
          (verifiesUntil === null ? '' : `  verifies until ${time(verifiesUntil)}`),
      )
    if (!keys.some(({ status }) => status === 'in_use'))
      print('The HS256 secret signs. `latchkey keys rotate` makes a key that services can verify with by themselves.')
  })
}

const toJson = ({ kid, alg, status, createdAt, signsFrom, verifiesUntil }: SigningKey) => ({
  ...{ kid, alg, status, created_at: createdAt, signs_from: signsFrom, verifies_until: verifiesUntil },
})

/** `latchkey keys rotate [kid]`: lets a key sign that stands by, or a new one. */
export function rotateKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring, { tokens }) => {
    const { alg, now: isUrgent = false } = command.opts<{ alg: Algorithm; now?: boolean }>()
    const keys = await ring.list()
    const isChoice = command.getOptionValueSource('alg') === 'cli'
    const waiting = keys.filter((key) => key.status === 'standby' && (!isChoice || key.alg === alg))
    const named = command.args[0]
    if (named !== undefined && !waiting.some(({ kid }) => kid === named))
      fail(`${named} is no key that stands by; latchkey keys list shows those that do`)
    const scheduled = waiting.find(({ signsFrom }) => signsFrom !== null)
    if (scheduled && named === undefined && !isUrgent)
      fail(`${scheduled.kid} signs from ${time(scheduled.signsFrom)} anyway; with --now it signs at once`)
    const present = waiting.find(({ kid }) => kid === named) ?? scheduled ?? waiting[0]
    const chosenAlg = present?.alg ?? alg
    if (tokens.jwtValidMethods && !tokens.jwtValidMethods.includes(chosenAlg))
      fail(`AUTH_JWT_VALID_METHODS does not list ${chosenAlg}, so services that read it would refuse the new tokens`)
    const chosen = present?.kid ?? (await ring.create(alg))
    const signsFrom = await ring.schedule({ kid: chosen, isUrgent })
    if (signsFrom === undefined) fail(`${chosen} does not stand by any more`)
    print(`${chosen} (${chosenAlg}) is published, and signs from ${time(signsFrom ?? 0)}.`)
    print('The keys before it count until their last tokens have expired.')
  })
}

/** `latchkey keys import <file>`: private JWKs, or a PEM; they stand by. */
export function importKeys(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const path = command.args[0] as string
    for (const jwk of readKeys(path)) {
      const kid = await ring.import(jwk)
      if (kid === undefined) fail(`there is a key called ${String(jwk.kid)} already`)
      print(`${kid} is published and stands by; latchkey keys rotate ${kid} lets it sign.`)
    }
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
    throw new Error(`${path} holds neither JSON nor PEM`)
  }
  const isSet = typeof parsed === 'object' && parsed !== null && 'keys' in parsed && Array.isArray(parsed.keys)
  const found = isSet ? (parsed as { keys: unknown[] }).keys : Array.isArray(parsed) ? parsed : [parsed]
  if (!found.every((each) => typeof each === 'object' && each !== null)) throw new Error(`${path} holds no JWK`)
  return found as Jwk[]
}

/** `latchkey keys revoke <kid>`: its tokens are refused at once. */
export function revokeKey(command: Command): Promise<void> {
  return withKeys(command, async (ring) => {
    const kid = command.args[0] as string
    const key = (await ring.list()).find((each) => each.kid === kid)
    if (!(await ring.revoke(kid))) fail(`${kid} is no key that counts; latchkey keys list shows those that do`)
    print(`${kid} is revoked: tokens signed with it are refused, and their owners sign in again or refresh.`)
    if (key?.status === 'in_use')
      print('Until the next rotation the HS256 secret signs. latchkey keys rotate --now makes a key.')
  })
}
