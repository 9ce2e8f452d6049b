import { credentialById } from '../../factors/webauthn'
import { pair } from './pair'

/** The index is on bytes, and the keys of second factors are no passkeys. */
export const factorPairs = [
  pair(
    credentialById,
    'SELECT {columns} FROM latchkey.passkeys AS webauthn_credentials WHERE credential_bytes = latchkey.from_base64url(:credentialId)',
  ),
]
