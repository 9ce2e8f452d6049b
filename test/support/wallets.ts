/** Wallets built with other packages than the server uses: viem for Ethereum, TweetNaCl for Solana. */
import { base58 } from '@scure/base'
import nacl from 'tweetnacl'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'

export interface Wallet {
  chain: 'ethereum' | 'solana'
  /** As written in the message. */
  name: 'Ethereum' | 'Solana'
  address: string
  sign(text: string): Promise<string>
}

export function ethereumWallet(): Wallet {
  const account = privateKeyToAccount(generatePrivateKey())
  return {
    chain: 'ethereum',
    name: 'Ethereum',
    address: account.address,
    sign: (message) => account.signMessage({ message }),
  }
}

/** @param envelope the bytes that a Ledger signs instead of the text */
export function solanaWallet(envelope: (text: Buffer, key: Uint8Array) => Buffer = (text) => text): Wallet {
  const { publicKey, secretKey } = nacl.sign.keyPair()
  return {
    chain: 'solana',
    name: 'Solana',
    address: base58.encode(publicKey),
    sign: async (text) =>
      Buffer.from(nacl.sign.detached(envelope(Buffer.from(text), publicKey), secretKey)).toString('base64url'),
  }
}

export interface MessageParts {
  domain?: string
  statement?: string
  /** Lines of `name: value`; undefined leaves one out. */
  fields?: Record<string, string | undefined>
  resources?: string[]
}

/** A message as the wallets write it. @param now Unix milliseconds */
export function messageOf(
  { name, address }: Pick<Wallet, 'name' | 'address'>,
  now: number,
  { domain = 'app.example', statement = 'Hello', fields = {}, resources }: MessageParts = {},
): string {
  const lines = {
    URI: `https://${domain}/login`,
    Version: '1',
    'Chain ID': name === 'Ethereum' ? '1' : 'solana:mainnet',
    Nonce: crypto.randomUUID().replaceAll('-', ''),
    'Issued At': new Date(now).toISOString(),
    ...fields,
  }
  return [
    `${domain} wants you to sign in with your ${name} account:`,
    address,
    '',
    ...(statement === '' ? [] : [statement, '']),
    ...Object.entries(lines).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`])),
    ...(resources ? ['Resources:', ...resources.map((each) => `- ${each}`)] : []),
  ].join('\n')
}
