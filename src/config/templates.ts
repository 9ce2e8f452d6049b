/** Mail templates and subjects, and which notices are sent. */
import { MAIL_TEMPLATES, type MailTemplate, NOTIFICATIONS, type Notification } from '../lib/mail-templates'
import { type Setting, setting } from './setting'
import { flag, text } from './value-types'

/** Where Supabase's config.toml keeps the settings of a mail. */
const tomlTable = (template: MailTemplate) =>
  template.endsWith('_notification')
    ? `email.notification.${template.replace('_notification', '')}`
    : `email.template.${template}`

const subject = (template: MailTemplate) =>
  setting<string>({
    name: `MAILER_SUBJECTS_${template.toUpperCase()}`,
    toml: `${tomlTable(template)}.subject`,
    kind: text,
    defaultNote: 'built in',
    doc: `Subject of \`${template}\` mails.`,
  })

const body = (template: MailTemplate) =>
  setting<string>({
    name: `MAILER_TEMPLATES_${template.toUpperCase()}`,
    toml: `${tomlTable(template)}.content`,
    tomlFile: `${tomlTable(template)}.content_path`,
    kind: text,
    defaultNote: 'built in',
    doc: `Body of \`${template}\` mails: a path, a URL, or the HTML itself.`,
  })

const notice = (template: Notification) =>
  setting({
    name: `MAILER_NOTIFICATIONS_${template.replace('_notification', '').toUpperCase()}_ENABLED`,
    toml: `${tomlTable(template)}.enabled`,
    kind: flag,
    default: false,
    doc: `Send \`${template}\` mails.`,
  })

/** One setting per template, with keys that start with the prefix. */
const each = <Name extends string, Prefix extends string, One>(
  names: readonly Name[],
  prefix: Prefix,
  make: (name: Name) => One,
) =>
  Object.fromEntries(names.map((name) => [`${prefix}${name}`, make(name)])) as {
    [Key in `${Prefix}${Name}`]: One
  }

export const templates = {
  ...each(MAIL_TEMPLATES, 'subject_', subject),
  ...each(MAIL_TEMPLATES, 'body_', body),
  ...each(NOTIFICATIONS, 'send_', notice),
} satisfies Record<string, Setting<string> | Setting<boolean, boolean>>
