/** The operations of openapi.json as tables, for docs/http-api.md. */

interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

interface Parameter {
  $ref?: string
  name: string
  in: string
  required?: boolean
}

interface Body {
  $ref?: string
  content?: Record<string, { schema?: Schema }>
}

interface Operation {
  tags: string[]
  summary: string
  security?: Record<string, unknown>[]
  parameters?: Parameter[]
  requestBody?: Body
  responses: Record<string, unknown>
}

interface Document {
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  security?: Record<string, unknown>[]
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** @param json openapi.json */
export function printOperations(json: string): string {
  const document = JSON.parse(json) as Document
  const contents = document.tags.map(({ name, description }) => `- [${name}](#${anchorOf(name)}): ${description}`)
  const chapters = document.tags.map(({ name, description }) =>
    [`## ${name}`, '', description, '', ...tableOf(document, name)].join('\n'),
  )
  return [contents.join('\n'), ...chapters].join('\n\n')
}

const anchorOf = (heading: string) => heading.toLowerCase().replaceAll(' ', '-')

function tableOf(document: Document, tag: string): string[] {
  const rows = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      return operation?.tags.includes(tag) ? [rowOf(document, { method, path, operation })] : []
    }),
  )
  return ['| Operation | What it does | Needs | Parameters | Answers |', '| --- | --- | --- | --- | --- |', ...rows]
}

interface Named {
  method: string
  path: string
  operation: Operation
}

function rowOf(document: Document, { method, path, operation }: Named): string {
  const cells = [
    `\`${method.toUpperCase()} ${path}\``,
    operation.summary,
    accessOf(operation.security ?? document.security ?? []),
    parametersOf(document, operation),
    // `default` stands for the errors that any operation may answer.
    Object.keys(operation.responses)
      .filter((status) => status !== 'default')
      .join(', '),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** In the words of the page. Alternatives are separate; an empty one means that no credentials are needed. */
function accessOf(security: Record<string, unknown>[]): string {
  const names = new Set(security.flatMap((each) => Object.keys(each)))
  if (names.has('secretKey')) return 'secret key or administrator'
  if (security.length === 0 || security.some((each) => Object.keys(each).length === 0)) return 'nothing'
  return 'user'
}

/** Parameters of the query, then members of the body; the path shows its own. Required ones are bold. */
function parametersOf(document: Document, { parameters = [], requestBody }: Operation): string {
  const query = parameters
    .map((each) => resolved(document, each))
    .filter((each) => each.in === 'query')
    .map(({ name, required }) => marked(`?${name}`, required === true))
  const schemas = Object.values(resolved(document, requestBody ?? {}).content ?? {}).map(({ schema = {} }) => schema)
  const members = new Map(schemas.flatMap((schema) => membersOf(document, schema)))
  return [...query, ...[...members].map(([name, isRequired]) => marked(name, isRequired))].join(', ')
}

const marked = (name: string, isRequired: boolean) => (isRequired ? `**\`${name}\`**` : `\`${name}\``)

/** The members of an object, and whether each is required. Of alternatives, none is. */
function membersOf(document: Document, schema: Schema): [name: string, isRequired: boolean][] {
  const { properties = {}, required = [], anyOf = [], oneOf = [], allOf = [] } = resolved(document, schema)
  return [
    ...[...anyOf, ...oneOf].flatMap((each) =>
      membersOf(document, each).map(([name]): [string, boolean] => [name, false]),
    ),
    ...allOf.flatMap((each) => membersOf(document, each)),
    ...Object.keys(properties).map((name): [string, boolean] => [name, required.includes(name)]),
  ]
}

function resolved<T extends { $ref?: string }>(document: Document, value: T): T {
  if (value.$ref === undefined) return value
  const path = value.$ref.replace('#/', '').split('/')
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], document) as T
}
