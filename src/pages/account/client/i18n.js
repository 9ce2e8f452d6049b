/** The language of the page, its texts, and dates and times in it. */

import { readPreloaded } from './http.js'
import { relativeTime } from './relative-time.js'

const STORED = 'latchkey-account-language'

const root = document.documentElement
const codes = root.dataset.languages.split(' ')

const nameOf = (code) => new Intl.DisplayNames([code], { type: 'language' }).of(code)
const capitalized = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1)

/** `[code, name in that language]` */
export const languages = codes.map((code) => [code, capitalized(nameOf(code))])

let texts = {}
let formats = {}
export const currentLanguage = () => root.lang

/** The language that was chosen here before; the address has precedence, and the server has read that. */
function choiceOfReader() {
  const asked = new URLSearchParams(location.search).get('lang')
  if (asked !== null) return root.lang
  try {
    const stored = localStorage.getItem(STORED)
    return codes.includes(stored) ? stored : root.lang
  } catch {
    return root.lang
  }
}

/** The files that the page needs so far: texts of the way in, and of the views behind it. */
const needed = ['']

async function load(language) {
  texts = Object.assign(
    {},
    ...(await Promise.all(needed.map((part) => readPreloaded(`account/texts/${language}${part}.json`)))),
  )
  root.lang = language
  formats = {
    list: new Intl.ListFormat(language, { type: 'conjunction' }),
    date: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }),
    relative: new Intl.RelativeTimeFormat(language, { numeric: 'auto' }),
    exact: new Intl.RelativeTimeFormat(language),
  }
}

export const loadTexts = () => load(choiceOfReader())

/** Texts of the views behind the way in. */
export async function loadViewTexts() {
  if (needed.length === 1) needed.push('-views')
  await load(root.lang)
}

/** Shows the page in another language, now and at the next visit. */
export async function changeLanguage(language) {
  await load(language)
  try {
    localStorage.setItem(STORED, language)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** @param key such as `signIn.title` @param values of the variables in the text */
export function t(key, values = {}) {
  const text = texts[key]
  if (text === undefined) throw new Error(`no text for ${key}`)
  return text.replace(/\{(\w+)\}/g, (variable, name) => values[name] ?? variable)
}

export const hasText = (key) => Object.hasOwn(texts, key)

/** The same with elements as values. @returns children of an element */
export const rich = (key, values) =>
  t(key)
    .split(/(\{\w+\})/)
    .map((part) => values[part.slice(1, -1)] ?? part)

/** @param value RFC 3339, Unix milliseconds or a Date */
export const dateText = (value) => formats.date.format(new Date(value))

export const listText = (items) => formats.list.format(items)

export const agoText = (value) => relativeTime(value, formats.relative)

/** Such as "in 5 minutes", rounded up. */
export function waitText(seconds) {
  if (seconds < 60) return formats.exact.format(Math.ceil(seconds), 'second')
  if (seconds < 3600) return formats.exact.format(Math.ceil(seconds / 60), 'minute')
  return formats.exact.format(Math.ceil(seconds / 3600), 'hour')
}
