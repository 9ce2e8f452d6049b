/** The texts of the built-in mails. Each is itself a template and may use fields, but never `.Data`. */
import type { MailTemplate } from '../../../lib/mail-templates'

/** Mails that ask for a click or, alternatively, for the code. */
export type LinkTemplate = 'confirmation' | 'invite' | 'recovery' | 'magic_link' | 'email_change'

export interface MailText {
  subject: string
  heading: string
  sentence: string
}

export interface ActionMailText extends MailText {
  button: string
}

type Action = LinkTemplate | 'account_exists' | 'new_device_notification'

/** One language. A missing text does not compile. */
export interface LocaleTexts {
  mails: Record<Action, ActionMailText> & Record<Exclude<MailTemplate, Action>, MailText>
  /** Introduces the code, which follows on a line of its own. */
  enterCode: string
  /** For an account whose unconfirmed password was dropped. */
  passwordDropped: string
  /** Ends a mail that someone else may have caused. */
  ignore: string
  /** Ends a notice of a change. */
  notYou: string
  /** Ends the notice to an address that no longer belongs to the account. */
  notYouOldAddress: string
}
