/** Sets up mail from the settings: the templates and the mail server. */
import { join, resolve } from 'node:path'
import { smtpMailer } from '../adapters/mail/smtp'
import { type LoadedTemplates, loadTemplates } from '../adapters/mail/templates'
import type { Settings } from '../config'
import type { MailTemplate } from '../core/kernel/ports'
import type { Log } from '../http/log'
import { MAIL_TEMPLATES } from '../lib/mail-templates'

/** The templates from settings and the folder, and their problems. @param folder the data folder */
export function templatesOf({ templates, server, mail }: Settings, folder: string): Promise<LoadedTemplates> {
  const given = (prefix: 'body' | 'subject') =>
    Object.fromEntries(
      MAIL_TEMPLATES.flatMap((name) => {
        const value = templates[`${prefix}_${name}`]
        return value === undefined ? [] : [[name, value]]
      }),
    ) as Partial<Record<MailTemplate, string>>
  return loadTemplates({
    bodies: given('body'),
    subjects: given('subject'),
    siteUrl: server.siteUrl,
    folder: resolve(mail.templatesFolder ?? join(folder, 'templates')),
    defaultLanguage: mail.language,
  })
}

/** @throws if one of them cannot be used */
export async function checkedTemplates(settings: Settings, folder: string, log: Log): Promise<LoadedTemplates> {
  const loaded = await templatesOf(settings, folder)
  const errors = loaded.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  for (const { message } of loaded.problems) log.warn(message)
  return loaded
}

/** @param timeoutMs how long the server may take to answer; by default, as long as for a mail */
export function smtpMailerOf({ mail }: Pick<Settings, 'mail'>, timeoutMs?: number) {
  if (mail.smtpHost === undefined) return undefined
  return smtpMailer({
    host: mail.smtpHost,
    port: mail.smtpPort,
    ...(mail.smtpUser !== undefined && { user: mail.smtpUser }),
    ...(mail.smtpPass !== undefined && { password: mail.smtpPass }),
    from: { address: mail.smtpAdminEmail, name: mail.smtpSenderName },
    headers: mail.smtpHeaders,
    security: mail.smtpSecurity,
    maxConnections: mail.smtpConnections,
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
}
