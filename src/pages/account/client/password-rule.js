/** What a password needs, by the settings of the server. */
import { listText, t } from './i18n.js'
import { settings } from './settings.js'

/** The sets that have a name; of others, the characters are shown. */
const SETS = [
  [/^[a-z]+$/, 'rule.lower'],
  [/^[A-Z]+$/, 'rule.upper'],
  [/^[a-zA-Z]+$/, 'rule.letter'],
  [/^[0-9]+$/, 'rule.digit'],
  [/^[^a-zA-Z0-9]+$/, 'rule.symbol'],
]

export function passwordRule() {
  const { min_length: length, required_characters: sets } = settings.account.password
  const least = t('rule.length', { count: length })
  if (sets.length === 0) return least
  const named = sets.map((set) => {
    const [, key] = SETS.find(([pattern]) => pattern.test(set)) ?? []
    return key ? t(key) : set
  })
  return `${least} ${t('rule.characters', { list: listText(named) })}`
}
