/** Texts of the error page, in every language. */
import type { Language } from '../../languages'
import type { ProblemTexts } from '../texts'
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

export const problemTexts: Record<Language, ProblemTexts> = { en, de, fr, es, it, pt, nl, pl, ja, zh }
