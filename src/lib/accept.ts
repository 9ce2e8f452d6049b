/** Content negotiation by the Accept header (RFC 9110 §12.5.1). */

/** More ranges than any client sends, and cheap to parse for every request. */
const MAX_RANGES = 32

interface Range {
  type: string
  quality: number
}

/** The media ranges of an Accept header; malformed ones are skipped. */
function rangesOf(header: string): Range[] {
  return header.split(',', MAX_RANGES).flatMap((text) => {
    const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
    if (!/^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/.test(type)) return []
    const weight = parameters.find((each) => /^q\s*=/.test(each))
    const quality = weight === undefined ? '1' : weight.replace(/^q\s*=\s*/, '')
    return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality) ? [{ type, quality: Number(quality) }] : []
  })
}

/** The types that browsers name when they navigate. Wildcards do not count: programs send them. */
const PAGES = ['text/html', 'application/xhtml+xml']

/**
 * Whether an Accept header prefers HTML to JSON. HTML must be named, with at least the quality of JSON if that is named
 * too; on a tie the first one wins.
 */
export function prefersPage(header: string | null): boolean {
  const ranges = rangesOf(header ?? '')
  const best = (isWanted: (type: string) => boolean) =>
    ranges.reduce(
      (found, { type, quality }, index) => (isWanted(type) && quality > found.quality ? { quality, index } : found),
      { quality: 0, index: ranges.length },
    )
  const page = best((type) => PAGES.includes(type))
  const json = best((type) => type === 'application/json' || type.endsWith('+json'))
  return page.quality > json.quality || (page.quality > 0 && page.quality === json.quality && page.index < json.index)
}
