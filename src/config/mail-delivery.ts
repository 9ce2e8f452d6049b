/** Where mail goes. */
import type { Settings } from './index'

/** To the Send Email hook, which replaces the mail server, or to that; without either, mail stays in the mailbox. */
export function mailDelivery({ mail, hooks }: Pick<Settings, 'mail' | 'hooks'>): 'hook' | 'smtp' | 'mailbox' {
  if (hooks.sendEmailEnabled) return 'hook'
  return mail.smtpHost === undefined ? 'mailbox' : 'smtp'
}
