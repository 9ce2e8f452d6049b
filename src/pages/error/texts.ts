/** The texts of the error page. */

/** The problems that a reader of the page can distinguish. */
export type ErrorPageKind =
  | 'deadLink'
  | 'incompleteLink'
  | 'providerOff'
  | 'interruptedSignIn'
  | 'refused'
  | 'signedOut'
  | 'notFound'
  | 'forApplications'
  | 'tooMany'
  | 'unavailable'
  | 'failed'
  | 'badRequest'

export interface ErrorPageTexts {
  /** A heading, and advice. */
  kinds: Record<ErrorPageKind, readonly [title: string, advice: string]>
  /** Text of the link back; `{site}` is the host of the application. */
  back: string
  /** `{when}` is a relative time, such as "in 5 minutes". */
  retry: string
  /** Labels of the details that help an operator to find the request in the log. */
  code: string
  request: string
}
