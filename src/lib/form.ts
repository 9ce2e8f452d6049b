/** Form encoding as in Go's url.Values, which escapes more than URLSearchParams. */
export function encodeForm(entries: Iterable<[string, string]>): string {
  const escaped = (text: string) =>
    encodeURIComponent(text.toWellFormed())
      .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+')
  return [...entries].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')
}
