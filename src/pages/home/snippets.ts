/** What a developer pastes to use this server, a snippet for each framework. */
import source from './snippets.txt' with { type: 'text' }

export interface Snippet {
  name: string
  /** Commands to run and files to write, in order. */
  steps: { title: string; text: string }[]
}

/** The text between the lines that begin with a mark, each with what follows the mark on its line. */
function sections(text: string, mark: string): { title: string; text: string }[] {
  const parts = text.split(new RegExp(`^${mark} (.*)\n`, 'm')).slice(1)
  return parts.flatMap((title, index) =>
    index % 2 === 0 ? [{ title, text: (parts[index + 1] as string).trimEnd() }] : [],
  )
}

/** @param url what supabase-js is given as the URL of a project */
export function snippets(url: string, key: string): Snippet[] {
  const filled = String(source)
    .replaceAll('{url}', () => url)
    .replaceAll('{key}', () => key)
  return sections(filled, '===').map(({ title, text }) => ({ name: title, steps: sections(text, '---') }))
}
