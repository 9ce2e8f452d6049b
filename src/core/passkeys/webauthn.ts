/**
 * WebAuthn (Level 3) relying party: options for browsers, and verification of their responses. The library checks
 * signatures, origin, RP id, flags and counters; anything it throws is a failed verification.
 */
import type { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import type { User, WebauthnCredential } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { authenticatorName } from './authenticators'

/**
 * Loaded on first use, because it would cost 15 ms of CPU at every start. `reflect-metadata` has to be loaded before
 * the bundled library; without it, the library does not work in the executable.
 */
const library = async () => {
  await import('reflect-metadata')
  return import('@simplewebauthn/server')
}

const CHALLENGE_BYTES = 32
/** How long browsers wait for the user. */
const TIMEOUT_MS = 300_000
/** COSE algorithms in GoTrue's order (IANA): ECDSA, RSA PKCS#1, RSA-PSS and EdDSA. */
const ALGORITHMS = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8]

/** `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (§5.1.9, §5.1.10). */
export type CeremonyOptions = Record<string, unknown>

/** A `RegistrationResponseJSON` or `AuthenticationResponseJSON` (§5.1.8) from a browser, unchecked. */
export type CredentialJson = Record<string, unknown>

export const newChallenge = ({ random }: Pick<Context, 'random'>): string =>
  random.bytes(CHALLENGE_BYTES).toString('base64url')

/** @param present credentials that must not be registered again */
export function creationOptions(
  { policy }: Pick<Context, 'policy'>,
  {
    user,
    challenge,
    present,
    asPasskey,
  }: { user: User; challenge: string; present: readonly WebauthnCredential[]; asPasskey: boolean },
): CeremonyOptions {
  const { rpId, rpName } = policy.webauthn
  const name = user.email ?? user.phone ?? user.id
  return {
    rp: { name: rpName, id: rpId },
    user: { id: userHandle(user), name, displayName: displayName(user) ?? name },
    challenge,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: TIMEOUT_MS,
    ...(present.length > 0 && { excludeCredentials: present.map(descriptorOf) }),
    authenticatorSelection: asPasskey
      ? { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' }
      : {},
    ...(asPasskey && { attestation: 'none' }),
  }
}

/** @param allowed by default, any passkey for this site */
export function requestOptions(
  { policy }: Pick<Context, 'policy'>,
  { challenge, allowed }: { challenge: string; allowed?: readonly WebauthnCredential[] },
): CeremonyOptions {
  return {
    challenge,
    timeout: TIMEOUT_MS,
    rpId: policy.webauthn.rpId,
    ...(allowed && { allowCredentials: allowed.map(descriptorOf) }),
    userVerification: 'preferred',
  }
}

interface CeremonyCheck {
  credential: CredentialJson
  challenge: string
  /** Whether user verification is required, so that the authenticator is more than a possession factor. */
  needsUserVerification: boolean
}

/** The row of a newly registered credential. */
export async function verifyRegistration(
  context: Context,
  { user, factorId, ...asked }: CeremonyCheck & { user: User; factorId: string | null },
): Promise<WebauthnCredential> {
  const { random, now } = context
  const { response, ...expected } = expectedOf<Parameters<typeof verifyRegistrationResponse>[0]>(context, asked)
  const { verifyRegistrationResponse: verify } = await library()
  const { registrationInfo: info } = await asRefusal(() =>
    verify({ response, ...expected, supportedAlgorithmIDs: ALGORITHMS }),
  )
  if (!info) throw new Refusal('factor_credential_wrong')
  return {
    id: random.uuid(),
    userId: user.id,
    factorId,
    credentialId: info.credential.id,
    publicKey: Buffer.from(info.credential.publicKey).toString('base64url'),
    signCount: info.credential.counter,
    transports: transportsIn(response.response.transports),
    aaguid: info.aaguid,
    backupEligible: info.credentialDeviceType === 'multiDevice',
    backedUp: info.credentialBackedUp,
    friendlyName: authenticatorName(info.aaguid),
    lastUsedAt: null,
    createdAt: now,
    updatedAt: now,
  }
}

/** An unverified hint for browsers: unknown values are dropped. */
const transportsIn = (given: unknown): string[] =>
  Array.isArray(given) ? given.filter((each) => TRANSPORTS.has(each)) : []

/**
 * Verifies an assertion of a known credential.
 * @throws {Refusal} also if its counter went back
 */
export async function verifyAssertion(
  context: Context,
  { known, ...asked }: CeremonyCheck & { known: WebauthnCredential },
) {
  const { response, ...expected } = expectedOf<Parameters<typeof verifyAuthenticationResponse>[0]>(context, asked)
  const { verifyAuthenticationResponse: verify } = await library()
  const { verified, authenticationInfo: info } = await asRefusal(() =>
    verify({
      response,
      ...expected,
      credential: {
        id: known.credentialId,
        publicKey: new Uint8Array(Buffer.from(known.publicKey, 'base64url')),
        counter: known.signCount,
      },
    }),
  )
  if (!verified) throw new Refusal('factor_credential_wrong')
  return { id: known.id, signCount: info.newCounter, backedUp: info.credentialBackedUp }
}

/** The user handle: the user's id as text, as in GoTrue. */
export const userHandle = ({ id }: Pick<User, 'id'>): string => Buffer.from(id).toString('base64url')

/** `AuthenticatorTransport` (§5.8.4); other values are not stored. */
const TRANSPORTS: ReadonlySet<string> = new Set(['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'])

const descriptorOf = ({ credentialId, transports }: WebauthnCredential) => ({
  type: 'public-key',
  id: credentialId,
  ...(transports.length > 0 && { transports }),
})

/** Maximum size of the JSON passed to the library, which checks the members itself. */
const MAX_CHARACTERS = 65_536

function expectedOf<Options extends { response: unknown }>(
  { policy }: Context,
  { credential, challenge, needsUserVerification }: CeremonyCheck,
) {
  const { response } = credential
  const clientData = typeof response === 'object' && response !== null && 'clientDataJSON' in response
  if (typeof credential.id !== 'string' || !clientData || JSON.stringify(credential).length > MAX_CHARACTERS)
    throw new Refusal('credential_malformed')
  return {
    response: credential as unknown as Options['response'],
    expectedChallenge: challenge,
    expectedOrigin: allowedOrigins(policy.webauthn, (response as { clientDataJSON: unknown }).clientDataJSON),
    expectedRPID: policy.webauthn.rpId,
    requireUserVerification: needsUserVerification,
  }
}

/** As for redirects, any port of localhost is allowed: sites under development use various ports. */
function allowedOrigins({ rpId, origins }: Context['policy']['webauthn'], clientDataJson: unknown): string[] {
  if (rpId !== 'localhost') return [...origins]
  try {
    const { origin } = JSON.parse(Buffer.from(String(clientDataJson), 'base64url').toString()) as { origin?: unknown }
    const isLocal = typeof origin === 'string' && /^https?:\/\/localhost(:\d{1,5})?$/.test(origin)
    return isLocal ? [...origins, origin] : [...origins]
  } catch {
    throw new Refusal('credential_malformed')
  }
}

async function asRefusal<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch {
    throw new Refusal('factor_credential_wrong')
  }
}

function displayName({ rawUserMetaData }: User): string | undefined {
  const { full_name: full, name } = rawUserMetaData
  const given = typeof full === 'string' && full !== '' ? full : name
  return typeof given === 'string' && given !== '' ? given.slice(0, 64) : undefined
}
