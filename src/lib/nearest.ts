import { distance } from 'fastest-levenshtein'

/** The known name closest to a mistyped one, for suggestions. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const close = [...known]
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .filter(({ edits }) => edits <= Math.max(2, Math.floor(name.length / 4)))
  return close.sort((a, b) => a.edits - b.edits)[0]?.candidate
}
