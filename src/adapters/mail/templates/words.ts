/** What the built-in mails say. Each text is a template itself and may name fields; none names `.Data`. */
import type { MailTemplate } from '../../../core/ports'

/** Mails that ask for a click or, instead, for the code. */
export type LinkTemplate = 'confirmation' | 'invite' | 'recovery' | 'magic_link' | 'email_change'

export interface MailWords {
  subject: string
  heading: string
  sentence: string
}

export interface ActionWords extends MailWords {
  button: string
}

type Action = LinkTemplate | 'account_exists' | 'new_device_notification'

/** One language. A word that is missing does not compile. */
export interface Words {
  mails: Record<Action, ActionWords> & Record<Exclude<MailTemplate, Action>, MailWords>
  /** Leads to the code, which follows on a line of its own. */
  enterCode: string
  /** For an account whose password, which nobody had confirmed, is gone. */
  passwordDropped: string
  /** Ends a mail that somebody else may have caused. */
  ignore: string
  /** Ends a notice of a change. */
  notYou: string
  /** Ends the notice to an address that no longer belongs to the account. */
  notYouAndAway: string
}
