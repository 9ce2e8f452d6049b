/** Sets up message delivery from the settings: templates, the mail server, the SMS provider. */
import { join, resolve } from 'node:path'
import { smtpMailer } from '../adapters/mail/smtp'
import { type LoadedTemplates, loadTemplates } from '../adapters/mail/templates'
import { smsProvider } from '../adapters/sms'
import { workers } from '../adapters/worker'
import type { Settings } from '../config'
import type { Core } from '../core'
import type { HttpPost, MailTemplate } from '../core/kernel/ports'
import type { Log } from '../http/log'
import { MAIL_TEMPLATES } from '../lib/mail-templates'
import { unlessUnavailable } from './database-problem-log'

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

export function smtpMailerOf({ mail }: Settings) {
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
  })
}

/** Maximum number of concurrent calls of the Send Email hook. */
const HOOK_CALLS = 4

/**
 * Sends queued mail through the mail server or the Send Email hook. It is tested at start, so that a wrong password is
 * noticed before users are affected.
 */
export function mailSender(settings: Settings, core: Core, log: Log) {
  const mailer = smtpMailerOf(settings)
  if (!mailer && !settings.hooks.sendEmailEnabled) return undefined
  void mailer?.verify().then((result) => {
    if (result.outcome !== 'sent') log.warn('the mail server check failed', { error: result.error })
  })
  const workerPool = workers(mailer ? settings.mail.smtpConnections : HOOK_CALLS, {
    work: () => core.forTask().deliverMessages(mailer),
    nextInMs: async () => (await core.forTask().mailQueue()).nextInMs,
    onFault: unlessUnavailable((error) => log.error('sending mail failed', { error: String(error) })),
  })
  void core
    .forTask()
    .releaseClaimedMessages()
    .then(workerPool.wake, (error: unknown) => log.error('the mail queue could not be read', { error: String(error) }))
  return { mailer, postman: workerPool }
}

export function smsProviderOf({ sms }: Settings, post: HttpPost) {
  // the provider's required settings were checked when the settings were read
  const of = (value: string | undefined) => value ?? ''
  switch (sms.provider) {
    case undefined:
      return undefined
    case 'twilio':
      return smsProvider(
        {
          provider: 'twilio',
          accountSid: of(sms.twilioAccountSid),
          authToken: of(sms.twilioAuthToken),
          sender: of(sms.twilioMessageServiceSid),
          ...(sms.twilioContentSid !== undefined && { contentSid: sms.twilioContentSid }),
        },
        post,
      )
    case 'twilio_verify':
      return smsProvider(
        {
          provider: 'twilio_verify',
          accountSid: of(sms.twilioVerifyAccountSid),
          authToken: of(sms.twilioVerifyAuthToken),
          serviceSid: of(sms.twilioVerifyMessageServiceSid),
        },
        post,
      )
    case 'messagebird':
      return smsProvider(
        { provider: 'messagebird', accessKey: of(sms.messagebirdAccessKey), originator: of(sms.messagebirdOriginator) },
        post,
      )
    case 'textlocal':
      return smsProvider(
        { provider: 'textlocal', apiKey: of(sms.textlocalApiKey), sender: of(sms.textlocalSender) },
        post,
      )
    case 'vonage':
      return smsProvider(
        {
          provider: 'vonage',
          apiKey: of(sms.vonageApiKey),
          apiSecret: of(sms.vonageApiSecret),
          from: of(sms.vonageFrom),
        },
        post,
      )
  }
}
