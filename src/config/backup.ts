/** Backups that the server makes by itself (docs/backup.md). */
import { HOUR, MINUTE } from '../lib/milliseconds'
import { setting } from './setting'
import { duration, httpUrl, integer, secret, text, type ValueType } from './value-types'

const recipients: ValueType<string[]> = {
  name: 'age recipients',
  format: (items) => items.join(','),
  parse(value) {
    const items = value.split(',').map((item) => item.trim())
    if (!items.every((item) => /^age1[a-z0-9]{20,}$/.test(item)))
      throw new Error('a recipient of age, such as age1ql3z7hjy…, or several separated by commas')
    return items
  },
}

const prefix: ValueType<string> = {
  name: 'text',
  parse(value) {
    if (!/^[\w.=/-]*$/.test(value) || value.startsWith('/'))
      throw new Error('made of letters, digits and ._=-/, such as auth/backups/')
    return value
  },
}

export const backup = {
  folder: setting({
    name: 'BACKUP_FOLDER',
    kind: text,
    doc: 'Folder for backups that the server makes by itself, best on another disk.',
  }),
  s3Bucket: setting({
    name: 'BACKUP_S3_BUCKET',
    kind: text,
    doc: 'Bucket for these backups, in place of a folder.',
  }),
  s3Endpoint: setting({
    name: 'BACKUP_S3_ENDPOINT',
    kind: httpUrl,
    defaultNote: 'AWS',
    doc: 'URL of an S3-compatible service, such as `https://<account>.r2.cloudflarestorage.com`.',
  }),
  s3Region: setting({
    name: 'BACKUP_S3_REGION',
    kind: text,
    doc: 'Region of the bucket, if the service needs it.',
  }),
  s3Prefix: setting({
    name: 'BACKUP_S3_PREFIX',
    kind: prefix,
    default: '',
    doc: 'Start of the names in the bucket, such as `auth/`.',
  }),
  s3AccessKeyId: setting({
    name: 'BACKUP_S3_ACCESS_KEY_ID',
    kind: text,
    doc: 'Id of the access key of the bucket.',
  }),
  s3SecretAccessKey: setting({
    name: 'BACKUP_S3_SECRET_ACCESS_KEY',
    kind: secret(1),
    secret: true,
    doc: 'The access key of the bucket.',
  }),
  everyMs: setting({
    name: 'BACKUP_EVERY',
    kind: duration(MINUTE, 30 * 24 * HOUR),
    default: 24 * HOUR,
    doc: 'How often a backup is made, if a folder or bucket is set.',
  }),
  keep: setting({
    name: 'BACKUP_KEEP',
    kind: integer(1, 10_000),
    default: 7,
    doc: 'How many of these backups are kept; older ones are deleted once a newer one is verified.',
  }),
  passphrase: setting({
    name: 'BACKUP_PASSPHRASE',
    kind: secret(12),
    secret: true,
    doc: 'Passphrase that backups are encrypted with. Keep a copy elsewhere: they cannot be restored without it.',
  }),
  recipients: setting({
    name: 'BACKUP_RECIPIENT',
    kind: recipients,
    doc: 'Recipients of [age](https://age-encryption.org) that backups are encrypted for, separated by commas: then this machine cannot decrypt its old backups.',
  }),
}
