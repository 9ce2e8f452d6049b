/** A setting typed as `NAME=value` is not an argument; the error message shows the correct form. */
export function withHint(text: string, args: readonly string[] = process.argv.slice(2)): string {
  if (!/too many arguments|unknown (command|option)/.test(text)) return text
  const stray = args.find((arg, index) => /^(--)?[A-Z][A-Z0-9_]*=/.test(arg) && args[index - 1] !== '--set')
  if (stray === undefined) return text
  return `${text.trimEnd()}\n(pass settings as --set NAME=value: --set ${stray.replace(/^--/, '')})\n`
}
