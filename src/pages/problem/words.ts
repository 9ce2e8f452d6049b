/** Texts of the error page, in every language. */
import type { Language } from '../languages'
import { de } from './words/de'
import { en } from './words/en'
import { es } from './words/es'
import { fr } from './words/fr'
import { it } from './words/it'
import { ja } from './words/ja'
import { nl } from './words/nl'
import { pl } from './words/pl'
import { pt } from './words/pt'
import { zh } from './words/zh'

/** The problems that a reader of the page can distinguish. */
export type Problem =
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

export interface Words {
  /** A heading, and advice. */
  problems: Record<Problem, readonly [title: string, advice: string]>
  /** Text of the link back; `{site}` is the host of the application. */
  back: string
  /** `{when}` is a relative time, such as "in 5 minutes". */
  retry: string
  /** Labels of the details that help an operator to find the request in the log. */
  code: string
  request: string
}

export const words: Record<Language, Words> = { en, de, fr, es, it, pt, nl, pl, ja, zh }
