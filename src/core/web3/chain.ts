import type { ChainWording, SignedMessage } from './message'

/** The differences between chains. */
export interface Chain {
  wording: ChainWording
  decodeSignature(text: string): Buffer
  isSignedBy(message: SignedMessage, signature: Buffer): boolean
  /** The one form of an address. */
  identifierOf(address: string): string
}
