/** The part of a text that a search result shows, and the words in it that are marked. */

const LENGTH = 160

/**
 * @param {string} text
 * @param {string[]} terms in lower case
 * @returns {{ text: string, isMatch: boolean }[]} parts in their order
 */
export function excerptOf(text, terms) {
  const lower = text.toLowerCase()
  const found = terms.map((term) => lower.indexOf(term)).filter((index) => index >= 0)
  const start = found.length > 0 ? Math.max(0, wordStart(text, Math.min(...found) - LENGTH / 4)) : 0
  const part = text.slice(start, start + LENGTH)
  const end = start + LENGTH < text.length ? '…' : ''
  return marked(`${start > 0 ? '…' : ''}${part}${end}`, terms)
}

const wordStart = (text, index) => (index <= 0 ? 0 : text.lastIndexOf(' ', index) + 1)

/** Splits a text at the terms, longest first, so that a term inside another does not cut it. */
export function marked(text, terms) {
  const escaped = [...terms]
    .sort((a, b) => b.length - a.length)
    .map((term) => term.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  if (escaped.length === 0) return [{ text, isMatch: false }]
  return text
    .split(new RegExp(`(${escaped.join('|')})`, 'giu'))
    .map((part, index) => ({ text: part, isMatch: index % 2 === 1 }))
    .filter((part) => part.text !== '')
}
