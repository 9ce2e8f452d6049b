/** Solana: an address is an Ed25519 key that signs the text itself or, with a Ledger, an envelope around it. */
import { createPublicKey, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58 } from '@scure/base'
import { Refusal } from '../kernel/refusal'
import type { Chain } from './chain'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

export const solana: Chain = {
  wording: {
    prefix: 'siws',
    chain: 'Solana',
    address: /^[a-zA-Z0-9]{32,44}$/,
    addressFlaw: 'wallet address is not in base58 format',
    isChainId: (text) => text === '' || /^solana:(?:main|dev|test|local)net$/.test(text),
  },
  /** 64 bytes in base64, either alphabet. */
  decodeSignature(text) {
    if (text.length !== 86 && text.length !== 88) throw new Refusal('web3_signature_length', { detail: 'Solana' })
    const digits = text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')
    if (!/^[\w-]+$/.test(digits)) throw new Refusal('web3_signature_characters')
    return Buffer.from(digits, 'base64url')
  },
  isSignedBy({ text, address }, signature) {
    const key = keyOf(address)
    if (!key || signature.length !== SIGNATURE_BYTES) return false
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
    return [Buffer.from(text), ...envelopes(text, key)].some((signed) => verify(null, signed, publicKey, signature))
  },
  identifierOf: (address) => address,
}

function keyOf(address: string): Buffer | undefined {
  try {
    const key = Buffer.from(base58.decode(address))
    // Signatures under a small-order key can be forged; no wallet has one.
    return key.length === KEY_BYTES && !ed25519.Point.fromBytes(key).isSmallOrder() ? key : undefined
  } catch {
    return undefined
  }
}

/**
 * The off-chain envelopes around a text: the older header and the header of Solana's proposal, in three formats each.
 */
function envelopes(text: string, key: Buffer): Buffer[] {
  const message = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16LE(message.length)
  const domain = Buffer.concat([Buffer.from([0xff]), Buffer.from('solana offchain'), Buffer.from([0])])
  const applicationDomain = Buffer.alloc(KEY_BYTES)
  return [0, 1, 2].flatMap((format) => [
    Buffer.concat([domain, Buffer.from([format]), length, message]),
    Buffer.concat([domain, applicationDomain, Buffer.from([format, 1]), key, length, message]),
  ])
}
