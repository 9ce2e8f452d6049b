/** Mails as recipients see them, filled with sample data (docs/admin-api.md#server). */
import type { JsonObject } from '../../lib/json'
import { MAIL_TEMPLATES, type MailTemplate } from '../../lib/mail-templates'
import type { Context } from '../kernel/context'
import type { MailContent } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'

export interface PreviewableMails {
  templates: readonly MailTemplate[]
  /** Languages of the built-in mails. */
  languages: readonly string[]
}

export const listMailTemplates = ({ templates }: Context): PreviewableMails => ({
  templates: MAIL_TEMPLATES,
  languages: templates.languages,
})

/** @param language a BCP 47 tag; without one, the default language */
export function previewMail(
  { templates, policy }: Context,
  { name, language }: { name: string; language: string | undefined },
): MailContent {
  const template = MAIL_TEMPLATES.find((each) => each === name)
  if (template === undefined) throw new Refusal('mail_template_unknown')
  const { siteUrl } = policy.redirects
  return templates.render(template, sampleValues(siteUrl, policy.apiUrl), language === undefined ? [] : [language])
}

/** Values for every field of a template. The token is not one. */
const sampleValues = (siteUrl: string, apiUrl: string): JsonObject => ({
  SiteURL: siteUrl,
  ConfirmationURL: `${apiUrl}/verify?token=sample&type=signup&redirect_to=${siteUrl}`,
  RedirectTo: siteUrl,
  Email: 'ada@example.com',
  NewEmail: 'ada@example.org',
  OldEmail: 'ada@example.com',
  SendingTo: 'ada@example.com',
  Phone: '15550001000',
  OldPhone: '15550002000',
  Provider: 'github',
  FactorType: 'totp',
  IPAddress: '203.0.113.7',
  Time: '2026-01-01 12:00 UTC',
  Token: '123456',
  TokenHash: 'sample',
  Data: { full_name: 'Ada Lovelace', name: 'Ada' },
  PasswordDropped: '',
})
