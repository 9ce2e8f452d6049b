/** `latchkey completion`: scripts with which shells complete commands and options, made from the commands themselves. */
import type { Command, Option } from 'commander'
import { program } from './program'

export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** `latchkey completion <shell>` */
export function completion(command: Command): void {
  const shell = command.args[0] as (typeof SHELLS)[number]
  process.stdout.write(SCRIPTS[shell](places(program, '')))
}

/** Words that can follow a command. */
interface Place {
  /** The command with its parents, each after a space; empty for the program. */
  path: string
  commands: Word[]
  options: (Word & { isWithValue: boolean; choices: readonly string[] })[]
}

interface Word {
  name: string
  summary: string
}

function places(command: Command, path: string): Place[] {
  const own: Place = {
    path,
    commands: command.commands.map((each) => ({ name: each.name(), summary: firstSentence(each.description()) })),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(optionWord),
      { name: '--help', summary: 'show the help', isWithValue: false, choices: [] },
    ],
  }
  return [own, ...command.commands.flatMap((each) => places(each, `${path} ${each.name()}`))]
}

const optionWord = ({ long, short, description, required, optional, argChoices }: Option) => ({
  name: long ?? short ?? '',
  summary: firstSentence(description),
  isWithValue: required || optional,
  choices: argChoices ?? [],
})

/** Without characters that a shell could interpret. */
const firstSentence = (text: string) => (text.split(/[.;:] |\.$/)[0] ?? '').replace(/['"`$\\[\]]/g, '')

const SCRIPTS = { bash, zsh, fish }

const listed = (words: readonly Word[]) => words.map(({ name }) => name).join(' ')
const patterns = (all: readonly Place[]) => all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)

function bash(all: Place[]): string {
  const values = all.flatMap(({ path, options }) =>
    options
      .filter(({ isWithValue }) => isWithValue)
      .map(({ name, choices }) => `    '${path} ${name}') words='${choices.join(' ')}' ;;`),
  )
  const words = all.map(
    ({ path, commands, options }) => `      '${path}') words='${listed([...commands, ...options])}' ;;`,
  )
  return `# bash completion of latchkey
# eval "$(latchkey completion bash)"
_latchkey() {
  local at= i words=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${patterns(all).join(' | ')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
    *) case "$at" in
${words.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _latchkey latchkey
`
}

function zsh(all: Place[]): string {
  const described = (words: readonly Word[]) =>
    words.map(({ name, summary }) => `'${name}:${summary.replaceAll(':', '\\:')}'`).join(' ')
  const cases = all.map(
    ({ path, commands, options }) =>
      `    ('${path}') commands=(${described(commands)}); options=(${described(options)}) ;;`,
  )
  return `#compdef latchkey
# eval "$(latchkey completion zsh)", after compinit
_latchkey() {
  local at= i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${patterns(all).join('|')}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
compdef _latchkey latchkey
`
}

function fish(all: Place[]): string {
  const lines = all.flatMap(({ path, commands, options }) => {
    const at = `complete -c latchkey -n 'test "$(__latchkey_at)" = "${path}"'`
    return [
      ...commands.map(({ name, summary }) => `${at} -f -a '${name}' -d '${summary}'`),
      ...options.map(({ name, summary, isWithValue, choices }) => {
        const value = isWithValue ? (choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ' -r') : ''
        return `${at} ${name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`}${value} -d '${summary}'`
      }),
    ]
  })
  return `# fish completion of latchkey
# latchkey completion fish > ~/.config/fish/completions/latchkey.fish
function __latchkey_at
  set -l at ''
  for word in (commandline -opc)[2..]
    switch "$at $word"
      case ${patterns(all).join(' ')}
        set at "$at $word"
    end
  end
  echo "$at"
end
${lines.join('\n')}
`
}
