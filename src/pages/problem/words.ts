/** What the page for a request that failed says, in every language. */
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

/** What can go wrong, as far as the reader of the page can tell it apart. */
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
  /** A heading, and what the reader can do. */
  problems: Record<Problem, readonly [title: string, advice: string]>
  /** Text of the link back; `{site}` is the host of the application. */
  back: string
  /** `{when}` is such as "in 5 minutes". */
  retry: string
  /** Labels of what an operator needs to find the request in the log. */
  code: string
  request: string
}

export const words: Record<Language, Words> = { en, de, fr, es, it, pt, nl, pl, ja, zh }
