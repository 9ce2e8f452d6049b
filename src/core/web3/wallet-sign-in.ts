/** Sign-in with a wallet that signed a message for this site (`POST /token?grant_type=web3`). */
import { createHash } from 'node:crypto'
import type { Context } from '../kernel/context'
import { redirectRejection } from '../kernel/redirect-rules'
import { isAllowedRedirect } from '../kernel/redirects'
import { Refusal } from '../kernel/refusal'
import { noteAttempt } from '../kernel/request-facts'
import { externalAccountOf } from '../oauth/account-matching'
import { signInExternally } from '../oauth/external-sign-in'
import type { IssuedSession } from '../sessions/issue-tokens'
import type { Chain } from './chain'
import { parseSignedMessage, type SignedMessage } from './message'

/** Loaded on first use: few servers accept wallets. */
const CHAINS = {
  solana: async (): Promise<Chain> => (await import('./solana')).solana,
  ethereum: async (): Promise<Chain> => (await import('./ethereum')).ethereum,
}

const isChain = (name: string): name is keyof typeof CHAINS => Object.hasOwn(CHAINS, name)

const MIN_BYTES = 64
export const MAX_WALLET_MESSAGE_BYTES = 20 * 1024

export interface WalletSignIn {
  /** `solana` or `ethereum`. */
  chain: string
  message: string
  signature: string
}

/** @throws {Refusal} with one of `WEB3_REASONS`, in GoTrue's order; and as `signInExternally` */
export async function signInWithWallet(
  context: Context,
  { chain: named, message: text, signature }: WalletSignIn,
): Promise<IssuedSession> {
  const { policy, limits, client } = context
  noteAttempt(context, 'web3')
  limits.request('web3', client.ip)
  if (!policy.web3.solana.enabled && !policy.web3.ethereum.enabled) throw new Refusal('web3_disabled')
  if (!isChain(named)) throw new Refusal('web3_chain_unknown')
  const { enabled, validityMs } = policy.web3[named]
  if (!enabled) throw new Refusal('web3_chain_disabled', { detail: named === 'solana' ? 'Solana' : 'Ethereum' })
  const chain = await CHAINS[named]()
  const { chain: name } = chain.wording
  const size = Buffer.byteLength(text)
  if (size < MIN_BYTES) throw new Refusal('web3_message_short')
  if (size > MAX_WALLET_MESSAGE_BYTES) throw new Refusal('web3_message_long')
  const bytes = chain.decodeSignature(signature)
  const message = parseSignedMessage(text, chain.wording)
  if (!chain.isSignedBy(message, bytes)) throw new Refusal('web3_signature_wrong')
  requireSignedForThisSite(context, message, name)
  requireValidTimes(context.now, message, { validityMs, name })
  const messageHash = createHash('sha256').update(text).digest('hex')
  const expiresAt = message.issuedAt + validityMs
  const used = new Refusal('web3_message_used', { detail: name })
  if (await context.store.isWeb3MessageUsed(messageHash)) throw used

  const address = chain.identifierOf(message.address)
  const { chainId: network, domain, statement = null } = message
  const claims = {
    sub: `web3:${named}:${address}`,
    custom_claims: { address, chain: named, network, domain, statement },
  }
  const arrived = await signInExternally(context, {
    account: externalAccountOf('web3', { claims, emails: [] }),
    method: 'web3',
    isEmailOptional: true,
    tokens: undefined,
    challenge: undefined,
    redirectTo: policy.redirects.siteUrl,
    once: { use: { kind: 'web3_message', messageHash, expiresAt }, refusal: used },
  })
  if (arrived.outcome !== 'session') throw new Error('a wallet led to a code')
  return arrived.issued
}

/** A message signed for another site may come from a phisher. */
function requireSignedForThisSite(context: Context, { uri, domain }: SignedMessage, name: string): void {
  const { protocol, hostname, host, origin } = new URL(uri)
  const isLocal = hostname === 'localhost'
  if (protocol !== 'https:' && !isLocal) throw new Refusal('web3_uri_insecure', { detail: name })
  const isBare = uri === origin || uri === `${origin}/`
  if (!isOfThisSite(context, isBare ? [origin, `${origin}/`] : [uri]))
    throw new Refusal('web3_uri_foreign', { detail: name })
  const named = `${protocol}//${domain}`
  const isSame = URL.canParse(named) && new URL(named).host === host
  if (!isSame || !isOfThisSite(context, [origin, `${origin}/`]))
    throw new Refusal('web3_domain_foreign', { detail: name })
}

/** Whether one of several spellings of an address is allowed; if no spelling is allowed, the last one is logged. */
function isOfThisSite(context: Context, spellings: readonly string[]): boolean {
  const { redirects } = context.policy
  if (spellings.some((each) => redirectRejection(redirects, each) === undefined)) return true
  return isAllowedRedirect(context, spellings.at(-1) as string, 'a wallet signed a message for another site')
}

function requireValidTimes(
  now: number,
  { issuedAt, expiresAt, notBefore }: SignedMessage,
  { validityMs, name }: { validityMs: number; name: string },
): void {
  const detail = { detail: name }
  if (notBefore !== undefined && now < notBefore) throw new Refusal('web3_valid_later', detail)
  if (expiresAt !== undefined && now > expiresAt) throw new Refusal('web3_expired', detail)
  if (now > issuedAt + validityMs) throw new Refusal('web3_issued_long_ago', detail)
  if (now < issuedAt - validityMs) throw new Refusal('web3_issued_in_future', detail)
}
