/** Combinations of the settings of backups. */
import type { Settings } from './index'
import type { Finding } from './sources'

export function backupProblems({ backup }: Pick<Settings, 'backup'>): Finding[] {
  const { folder, s3Bucket, s3AccessKeyId, s3SecretAccessKey, passphrase, recipients } = backup
  const problems: Finding[] = []
  const error = (message: string) => problems.push({ severity: 'error', message })
  if (folder !== undefined && s3Bucket !== undefined)
    error('AUTH_BACKUP_FOLDER and AUTH_BACKUP_S3_BUCKET cannot both be set: backups go to one place.')
  if (s3Bucket !== undefined && (s3AccessKeyId === undefined || s3SecretAccessKey === undefined))
    error('AUTH_BACKUP_S3_BUCKET needs AUTH_BACKUP_S3_ACCESS_KEY_ID and AUTH_BACKUP_S3_SECRET_ACCESS_KEY.')
  if (s3Bucket === undefined && (backup.s3Endpoint !== undefined || s3AccessKeyId !== undefined))
    error('AUTH_BACKUP_S3_ENDPOINT and AUTH_BACKUP_S3_ACCESS_KEY_ID have no effect without AUTH_BACKUP_S3_BUCKET.')
  if (passphrase !== undefined && recipients !== undefined)
    error('AUTH_BACKUP_PASSPHRASE and AUTH_BACKUP_RECIPIENT cannot both be set: a file of age has either.')
  if (s3Bucket !== undefined && passphrase === undefined && recipients === undefined)
    problems.push({
      severity: 'warning',
      message:
        'AUTH_BACKUP_S3_BUCKET receives backups that are not encrypted and contain the secrets of this server. Set AUTH_BACKUP_PASSPHRASE or AUTH_BACKUP_RECIPIENT.',
    })
  return problems
}
