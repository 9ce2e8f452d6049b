/** What every operation needs beside its schemas: descriptions, headers, media types, and the errors of all requests. */
import { TAGS } from './tags'
import { type Node, operationsOf, type Parameter, type PathItem, type Response, referredName } from './types'

export function completeOperations(paths: Record<string, PathItem>): void {
  for (const { path, operation } of operationsOf(paths)) {
    const { parameters = [], responses } = operation
    for (const parameter of parameters) describePathParameter(parameter)
    for (const [status, response] of Object.entries(responses)) completeResponse(status, response)
    const isList = parameters.some(({ name }) => name === 'per_page')
    if (isList && responses[200]) responses[200].headers = LIST_HEADERS
    const error = Object.values(responses).map(errorSchema).find(Boolean) ?? errorOfPath(path)
    if (error) responses.default = { description: UNEXPECTED, content: { 'application/json': { schema: error } } }
  }
}

/** The operations by tag, and within a tag in the order of the surfaces' lists: Swagger UI shows them in this order. */
export function inOrder(paths: Record<string, PathItem>): Record<string, PathItem> {
  const rank = new Map([...operationsOf(paths)].map(({ path, operation }) => [path, tagIndex(operation.tags[0])]))
  return Object.fromEntries(
    Object.entries(paths).sort(([one], [other]) => (rank.get(one) ?? 0) - (rank.get(other) ?? 0)),
  )
}

const tagIndex = (tag: string | undefined) => TAGS.findIndex(([name]) => name === tag)

const UUID = { description: 'A UUID.', schema: { type: 'string', format: 'uuid' } }
const PATH_PARAMETERS: Record<string, Node> = {
  role: { description: 'Such as `admin`.', schema: { type: 'string' } },
  identifier: { description: 'Such as `custom:keycloak`.', schema: { type: 'string' } },
}

function describePathParameter(parameter: Parameter): void {
  if (parameter.in === 'path') Object.assign(parameter, PATH_PARAMETERS[parameter.name] ?? UUID)
}

const header = (description: string, type: string) => ({ description, schema: { type } })
const LIST_HEADERS = {
  'X-Total-Count': header('How many there are over all pages.', 'integer'),
  Link: header('The next and the last page (RFC 8288).', 'string'),
}
const LOCATION = { Location: { ...header('Where to go on.', 'string'), required: true } }
const RETRY_AFTER = { 'Retry-After': header('Seconds until it is worth trying again.', 'integer') }

const UNEXPECTED =
  'Any other error: 413 for a body over 1 MiB, 500 for a fault of the server, 503 while it is unavailable, and 504 for a timeout.'

const STATUS: Record<string, string> = {
  200: 'Success.',
  201: 'Created.',
  204: 'Success, without a body.',
  302: 'Redirects to `Location`.',
  303: 'Redirects to `Location`.',
  400: 'The request is invalid.',
  401: 'The credentials are missing or wrong, or a second factor is required.',
  403: 'The token is invalid, its session has ended, or it does not allow this.',
  404: 'Not found.',
  409: 'In conflict with the current state, or with another request.',
  410: 'Expired.',
  422: 'Refused by the rules of this server.',
  429: 'Too many requests; see `Retry-After`.',
  502: 'Another server that is needed for this failed.',
  503: 'Temporarily unavailable.',
}

function completeResponse(status: string, response: Response): void {
  response.description = STATUS[status] ?? response.description
  const { content } = response
  const isEmpty = (content as Node | undefined)?.type === 'void'
  if (isEmpty) delete response.content
  const text = content?.['text/plain']
  const { contentMediaType, ...schema } = text?.schema ?? {}
  if (typeof contentMediaType === 'string') response.content = { [contentMediaType]: { schema } }
  if (status === '302' || status === '303') response.headers = LOCATION
  if (status === '429') response.headers = RETRY_AFTER
}

function errorSchema({ content }: Response): Node | undefined {
  const schema = content?.['application/json']?.schema
  return /Error$/.test(referredName(schema?.$ref)) ? schema : undefined
}

/** For operations without an error of their own, such as `GET /settings`. */
const errorOfPath = (path: string): Node | undefined =>
  path.startsWith('/auth/v1/') ? { $ref: '#/components/schemas/Error' } : undefined
