/** What the executable prints about itself. */
import { openapiText } from '../../pages/swagger'
import { program, verb } from '../program'

export function addDocumentCommands(): void {
  verb('openapi', 'Print the OpenAPI document.', 'latchkey openapi > openapi.json', () => {
    process.stdout.write(openapiText)
  })
  program.helpCommand('help [command]', 'Show the help of a command.')
}
