/** Wallet errors. An empty code stands for an OAuth error (GoTrue's web3 grant). */
import type { Web3Reason } from '../../../core/kernel/reasons/web3'
import type { ErrorResponse } from './error-answer'

const LENGTHS: Record<string, string> = {
  Solana: 'signature must be 64 bytes encoded as base64 with or without padding',
  Ethereum: 'signature must be 65 bytes long, encoded as a 130 character-long hexadecimal string',
}

export const web3Errors: Record<Web3Reason, ErrorResponse> = {
  web3_disabled: [422, 'web3_provider_disabled', 'Web3 provider is disabled'],
  web3_chain_disabled: [422, 'web3_provider_disabled', ({ detail }) => `${detail} Web3 provider is disabled`],
  web3_chain_unknown: [400, 'web3_unsupported_chain', 'Unsupported chain'],
  web3_message_short: [400, 'validation_failed', 'message is too short'],
  web3_message_long: [400, 'validation_failed', 'message must not exceed 20KB'],
  web3_message_malformed: [400, 'validation_failed', ({ detail = '' }) => detail],
  web3_signature_characters: [400, 'validation_failed', 'signature does not contain valid base64 characters'],
  web3_signature_length: [400, 'validation_failed', ({ detail = '' }) => LENGTHS[detail] ?? ''],
  web3_signature_wrong: [400, '', 'Signature does not match address in message'],
  web3_uri_insecure: [400, '', ({ detail }) => `Signed ${detail} message is using URI which does not use HTTPS`],
  web3_uri_foreign: [
    400,
    '',
    ({ detail }) =>
      `Signed ${detail} message is using URI which is not allowed on this server, message was signed for another app`,
  ],
  web3_domain_foreign: [
    400,
    '',
    ({ detail }) =>
      `Signed ${detail} message is using a Domain that does not match the one in URI which is not allowed on this server`,
  ],
  web3_valid_later: [400, '', ({ detail }) => `Signed ${detail} message becomes valid in the future`],
  web3_expired: [400, '', ({ detail }) => `Signed ${detail} message is expired`],
  web3_issued_long_ago: [400, '', ({ detail }) => `${detail} message was issued too long ago`],
  web3_issued_in_future: [400, '', ({ detail }) => `${detail} message was issued too far in the future`],
  web3_message_used: [400, '', ({ detail }) => `Signed ${detail} message was already used`],
}
