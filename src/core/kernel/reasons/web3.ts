/** Signing in with a wallet. */
export const WEB3_REASONS = [
  'web3_disabled',
  /** `detail`: the chain, also in the other reasons here that have a detail. */
  'web3_chain_disabled',
  'web3_chain_unknown',
  'web3_message_short',
  'web3_message_long',
  /** `detail`: its problem. */
  'web3_message_malformed',
  'web3_signature_characters',
  'web3_signature_length',
  'web3_signature_wrong',
  'web3_uri_insecure',
  'web3_uri_foreign',
  'web3_domain_foreign',
  'web3_valid_later',
  'web3_expired',
  'web3_issued_long_ago',
  'web3_issued_in_future',
  'web3_message_used',
] as const

export type Web3Reason = (typeof WEB3_REASONS)[number]
