/** What the executable prints about itself. */
import { Argument } from 'commander'
import { openapiText } from '../../pages/swagger'
import { completion, SHELLS } from '../completion'
import { program, verb } from '../program'

export function addDocumentCommands(): void {
  verb('openapi', 'Print the OpenAPI document.', 'latchkey openapi > openapi.json', () => {
    process.stdout.write(openapiText)
  })
  verb(
    'completion',
    'Print a script with which your shell completes commands and options.',
    [
      'eval "$(latchkey completion bash)"   # in ~/.bashrc',
      'eval "$(latchkey completion zsh)"    # in ~/.zshrc, after compinit',
      'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
    ],
    completion,
  ).addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
  program.helpCommand('help [command]', 'Show the help of a command.')
}
