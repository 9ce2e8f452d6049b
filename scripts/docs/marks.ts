/** Generated parts of documents that are written by hand. */
export type Marks = readonly [start: string, end: string]

/** @returns the text with `content` between the marks; without marks, at its end */
export function between(text: string, [start, end]: Marks, content: string): string {
  const [before, rest = ''] = text.split(start)
  return `${before}${start}\n\n${content}\n\n${end}${rest.split(end)[1] ?? '\n'}`
}
