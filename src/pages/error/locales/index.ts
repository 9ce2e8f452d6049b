/** Texts of the error page, in every language. */
import type { Language } from '../../languages'
import type { ErrorPageTexts } from '../texts'
import { de } from './de'
import { en } from './en'
import { es } from './es'
import { fr } from './fr'
import { it } from './it'
import { ja } from './ja'
import { nl } from './nl'
import { pl } from './pl'
import { pt } from './pt'
import { zh } from './zh'

export const errorPageTexts: Record<Language, ErrorPageTexts> = { en, de, fr, es, it, pt, nl, pl, ja, zh }
