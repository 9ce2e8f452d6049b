/** Sets up mail from the settings: the templates and the mail server. */
import { join, resolve } from 'node:path'
import type { Logo } from '../adapters/brand-logo'
import { smtpMailer } from '../adapters/mail/smtp'
import { type LoadedTemplates, loadTemplates } from '../adapters/mail/templates'
import type { Settings } from '../config'
import type { Log } from '../http/log'
import type { Brand } from '../lib/brand'
import { MAIL_TEMPLATES, type MailTemplate } from '../lib/mail-templates'
import { brandOf } from './policy'

/** The brand of mails. Few mail programs show an SVG, so that mails do without. */
export function mailBrandOf(settings: Settings, logo: Logo | undefined): Brand {
  const { logoUrl, ...brand } = brandOf(settings)
  return { ...brand, logoUrl: logo?.type === 'image/svg+xml' ? undefined : logo && logoUrl }
}

/**
 * The templates from settings and the folder, and their problems.
 * @param folder the data folder
 * @param logo for the built-in mails
 */
export function templatesOf(
  settings: Settings,
  { folder, logo }: { folder: string; logo: Logo | undefined },
): Promise<LoadedTemplates> {
  const { templates, server, mail } = settings
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
    brand: mailBrandOf(settings, logo),
  })
}

/** @throws if one of them cannot be used */
export async function checkedTemplates(
  settings: Settings,
  read: Parameters<typeof templatesOf>[1],
  log: Log,
): Promise<LoadedTemplates> {
  const loaded = await templatesOf(settings, read)
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
