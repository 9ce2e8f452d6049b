/** Ethereum: the signer's address is recovered from the signature (EIP-191). */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Refusal } from '../kernel/refusal'
import type { Chain } from './chain'

export const ethereum: Chain = {
  wording: {
    prefix: 'siwe',
    chain: 'Ethereum',
    address: /^0x[a-fA-F0-9]{40}$/,
    addressFlaw: 'wallet address is not a valid Ethereum address',
    // EIP-155
    isChainId: (text) => /^\d{1,15}$/.test(text) && Number(text) > 0,
  },
  /** 32 bytes r, 32 bytes s and one of recovery, in hexadecimal. */
  decodeSignature(text) {
    const digits = text.replace(/^0x/, '')
    if (digits.length !== 130) throw new Refusal('web3_signature_length', { detail: 'Ethereum' })
    if (!/^[0-9a-fA-F]+$/.test(digits)) throw new Refusal('web3_signature_wrong')
    return Buffer.from(digits, 'hex')
  },
  isSignedBy: ({ text, address }, signature) => addressOf(text, signature) === address.toLowerCase(),
  // Upper and lower case are a checksum (EIP-55), not a different address.
  identifierOf: (address) => address.toLowerCase(),
}

/** The address whose key signed a text; undefined if the signature is invalid. */
function addressOf(text: string, signature: Buffer): string | undefined {
  const message = Buffer.from(text)
  const signed = Buffer.concat([Buffer.from(`\u0019Ethereum Signed Message:\n${message.length}`), message])
  const recovery = signature.readUInt8(64)
  try {
    const key = secp256k1.Signature.fromBytes(signature.subarray(0, 64))
      .addRecoveryBit(recovery >= 27 ? recovery - 27 : recovery)
      .recoverPublicKey(keccak_256(signed))
    const digest = Buffer.from(keccak_256(key.toBytes(false).subarray(1)))
    return `0x${digest.subarray(12).toString('hex')}`
  } catch {
    return undefined
  }
}
