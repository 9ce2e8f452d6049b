/** Mail templates, by GoTrue's names; the last two, and the new device notice, are ours. */
export const NOTIFICATIONS = [
  'password_changed_notification',
  'email_changed_notification',
  'phone_changed_notification',
  'identity_linked_notification',
  'identity_unlinked_notification',
  'mfa_factor_enrolled_notification',
  'mfa_factor_unenrolled_notification',
  'new_device_notification',
] as const

export const MAIL_TEMPLATES = [
  'confirmation',
  'invite',
  'recovery',
  'magic_link',
  'email_change',
  'reauthentication',
  ...NOTIFICATIONS,
  'account_exists',
  'email_change_notice',
] as const

export type Notification = (typeof NOTIFICATIONS)[number]
export type MailTemplate = (typeof MAIL_TEMPLATES)[number]
