/** The languages of the pages for end users. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'ja', 'zh'] as const

export type Language = (typeof LANGUAGES)[number]

/** @param languages BCP 47 tags in order of preference; the first supported one is used */
export function languageOf(languages: readonly string[]): Language {
  const primary = languages.map((tag) => tag.toLowerCase().split(/[-_]/)[0] ?? '')
  return primary.find(isLanguage) ?? 'en'
}

const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text)
