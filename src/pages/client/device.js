/** Which browser and system a session was opened with, by its user agent. */

const BROWSERS = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|HeadlessChrome|CriOS)\//],
  ['Safari', /\bVersion\/.*Safari\//],
]
const SYSTEMS = [
  ['Android', /Android/],
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X|Macintosh/],
  ['Linux', /Linux|X11/],
]
const MAX_AGENT = 60

/** @returns `browser` and `system`; or for other programs `other`, what they call themselves; or nothing */
export function deviceOf(userAgent) {
  if (!userAgent) return {}
  const named = (list) => list.find(([, pattern]) => pattern.test(userAgent))?.[0]
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)]
  if (browser && system) return { browser, system }
  return { other: userAgent.length > MAX_AGENT ? `${userAgent.slice(0, MAX_AGENT)}…` : userAgent }
}
