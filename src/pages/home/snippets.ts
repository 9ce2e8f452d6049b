/** Code for developers to paste, for each framework. */
import source from './snippets.txt' with { type: 'text' }

export interface Snippet {
  name: string
  /** The page of the documentation that goes on from here, such as `quickstarts/nextjs`. */
  guide: string | undefined
  /** Commands and files, in order. */
  steps: { title: string; text: string }[]
}

/** Splits text at lines that start with a mark; each part comes with the rest of its mark line. */
function sections(text: string, mark: string): { title: string; text: string }[] {
  const parts = text.split(new RegExp(`^${mark} (.*)\n`, 'm')).slice(1)
  return parts.flatMap((title, index) =>
    index % 2 === 0 ? [{ title, text: (parts[index + 1] as string).trimEnd() }] : [],
  )
}

/** @param url the project URL for supabase-js */
export function snippets(url: string, key: string): Snippet[] {
  const filled = String(source)
    .replaceAll('{url}', () => url)
    .replaceAll('{key}', () => key)
  return sections(filled, '===').map(({ title, text }) => {
    const [name, guide] = title.split(': ') as [string, string?]
    return { name, guide, steps: sections(text, '---') }
  })
}
