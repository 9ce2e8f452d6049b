/** Texts of the account page, in every language. */
import type { Language } from '../../languages'
import { de } from './de'
import { en } from './en'
import { es } from './es'
import { fr } from './fr'
import { it } from './it'
import { ja } from './ja'
import { nl } from './nl'
import { pl } from './pl'
import { pt } from './pt'
import type { PageTexts } from './texts'
import { zh } from './zh'

export const accountTexts: Record<Language, PageTexts> = { en, de, fr, es, it, pt, nl, pl, ja, zh }
