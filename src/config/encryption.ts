/** The encryption of secrets in tables shared with GoTrue (docs/decisions.md#d36). */
import { setting } from './setting'
import { flag, text, type ValueType } from './value-types'

const KEY = /^[\w-]{43}$/

/** 32 bytes in base64url without padding (RFC 4648 §5), as GoTrue reads them. */
const base64urlKey: ValueType<Buffer> = {
  name: '256-bit key',
  parse(value) {
    if (!KEY.test(value)) throw new Error('32 bytes as base64url, which are 43 characters')
    return Buffer.from(value, 'base64url')
  },
}

/** Keys by id, in the syntax of GoTrue's maps. */
const keysById: ValueType<ReadonlyMap<string, Buffer>> = {
  name: 'id:key list',
  parse(value) {
    const pairs = value.split(',').map((pair) => {
      const [id = '', key = '', ...rest] = pair.trim().split(':')
      if (id === '' || !KEY.test(key) || rest.length > 0)
        throw new Error('a list of id:key, separated by commas, each key being 32 bytes as base64url')
      return [id, Buffer.from(key, 'base64url')] as const
    })
    return new Map(pairs)
  },
}

export const encryption = {
  isOn: setting({
    name: 'SECURITY_DB_ENCRYPTION_ENCRYPT',
    kind: flag,
    default: true,
    doc: 'On Postgres: whether TOTP secrets, refresh token keys and provider secrets are written encrypted. On SQLite they always are.',
  }),
  keyId: setting({
    name: 'SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID',
    kind: text,
    defaultNote: '`latchkey`',
    doc: 'Id of `AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY`, stored with every secret.',
  }),
  key: setting({
    name: 'SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY',
    kind: base64urlKey,
    secret: true,
    defaultNote: 'derived from `AUTH_ENCRYPTION_KEY`',
    doc: 'On Postgres: encrypts them. Use the key of the GoTrue that the database belongs to, if it has one; `latchkey keys gotrue` prints it for GoTrue.',
  }),
  decryptionKeys: setting({
    name: 'SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS',
    kind: keysById,
    secret: true,
    doc: 'Further keys with which secrets of the database were encrypted. The current key need not be listed.',
  }),
}
