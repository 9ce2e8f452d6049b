/**
 * Proof Key for Code Exchange (RFC 7636), also for links opened in a browser other than the one that requested them:
 * the code challenge of a request, the flow it starts, and the code that ends it.
 */
import type { AuthenticationMethod } from '../../lib/assurance'
import { hmacSha256 } from '../../lib/secrets'
import type { FlowState } from '../../store'
import type { Context } from '../kernel/context'
import type { ProviderTokens } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'

export interface CodeChallenge {
  value: string
  method: FlowState['codeChallengeMethod']
}

export interface CodeChallengeParameters {
  codeChallenge?: string | undefined
  codeChallengeMethod?: string | undefined
}

/** The PKCE challenge of a request, if it has one. */
export function parseCodeChallenge({
  codeChallenge = '',
  codeChallengeMethod = '',
}: CodeChallengeParameters): CodeChallenge | undefined {
  if (codeChallenge === '' && codeChallengeMethod === '') return undefined
  if (codeChallenge === '' || codeChallengeMethod === '') throw new Refusal('challenge_incomplete')
  if (codeChallenge.length < 43 || codeChallenge.length > 128) throw new Refusal('challenge_length')
  if (!/^[\w.~-]+$/.test(codeChallenge)) throw new Refusal('challenge_characters')
  const method = codeChallengeMethod.toLowerCase()
  if (method !== 's256' && method !== 'plain') throw new Refusal('challenge_method_unknown')
  return { value: codeChallenge, method }
}

/** A flow to be stored. @param method the `amr` method of its session */
export function newFlow(
  { random, now }: Pick<Context, 'random' | 'now'>,
  userId: string,
  { value, method: codeChallengeMethod }: CodeChallenge,
  method: AuthenticationMethod,
): FlowState {
  return {
    id: random.uuid(),
    userId,
    authCodeHash: null,
    authCodeIssuedAt: null,
    codeChallenge: value,
    codeChallengeMethod,
    authenticationMethod: method,
    providerTokens: null,
    sessionId: null,
    aal: null,
    createdAt: now,
  }
}

/** A code to be exchanged for a session, and its stored hash. */
export function newAuthCode({ random, peppers }: Pick<Context, 'random' | 'peppers'>): { code: string; hash: string } {
  const code = random.uuid()
  return { code, hash: authCodeHash(peppers[0], code) }
}

/** The stored hash of a code. */
export const authCodeHash = (pepper: Buffer, code: string) => hmacSha256(pepper, code).toString('hex')

const tokensAad = (flowId: string) => `flow_state.provider_tokens:${flowId}`

/** A provider's tokens, sealed until the code is exchanged. */
export function sealProviderTokens(
  { sealer }: Pick<Context, 'sealer'>,
  flowId: string,
  tokens: ProviderTokens,
): string {
  return sealer.seal(Buffer.from(JSON.stringify(tokens)), tokensAad(flowId))
}

/** The tokens that a flow holds. */
export function openProviderTokens(
  { sealer }: Pick<Context, 'sealer'>,
  { id, providerTokens }: FlowState,
): ProviderTokens | undefined {
  return providerTokens === null ? undefined : JSON.parse(sealer.open(providerTokens, tokensAad(id)).toString())
}
