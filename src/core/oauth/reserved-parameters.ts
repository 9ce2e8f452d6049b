/** OAuth parameters that only this server may set (RFC 6749 §4.1.1, RFC 7636 §4.3). */
const RESERVED = new Set(
  'client_id client_secret redirect_uri response_type state code_challenge code_challenge_method code_verifier'.split(
    ' ',
  ),
)

export const isReservedParameter = (name: string) => RESERVED.has(name.toLowerCase())
