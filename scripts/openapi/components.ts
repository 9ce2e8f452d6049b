/** The components of the document: schemas and responses that several operations share. */
import { type Node, operationsOf, type PathItem, type Response, referredName } from './types'

/**
 * Makes what TypeBox prints into JSON Schema 2020-12, and moves every schema with a name to the components.
 * @param schemas receives them
 * @throws if two different schemas have the same name
 */
export function withNamedSchemas(value: unknown, schemas: Node): unknown {
  if (Array.isArray(value)) return value.map((item) => withNamedSchemas(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  const { $id, patternProperties, ...rest } = value as Node
  const schema: Node = Object.fromEntries(
    Object.entries(rest).map(([key, item]) => [key, withNamedSchemas(item, schemas)]),
  )
  if (patternProperties)
    schema.additionalProperties = withNamedSchemas(Object.values(patternProperties as Node)[0], schemas)
  // Responses may have more members in later versions.
  else if (schema.additionalProperties === false) delete schema.additionalProperties
  if (schema.additionalProperties === true && isEmpty(schema.properties)) delete schema.properties
  if (typeof $id !== 'string') return schema
  addComponent(schemas, $id, schema)
  return { $ref: `#/components/schemas/${$id}` }
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

function addComponent(components: Node, name: string, component: Node): void {
  const known = components[name]
  if (known !== undefined && !Bun.deepEquals(known, component))
    throw new Error(`there are two different components with the name ${name}`)
  components[name] = component
}

/**
 * Declares what may be null (src/http/body.ts): members of bodies, since null counts as absent, and bodies without a
 * required member, since null counts as an empty object.
 * @throws if a response has the schema of a body
 */
export function allowNullInBodies(paths: Record<string, PathItem>, schemas: Node): void {
  const responses = JSON.stringify([...operationsOf(paths)].map(({ operation }) => operation.responses))
  const seen = new Set<unknown>()
  for (const { operation } of operationsOf(paths)) {
    const media = operation.requestBody?.content['application/json']
    if (!media) continue
    const forms = (media.schema.anyOf as Node[] | undefined) ?? [media.schema]
    for (const { $ref } of forms) {
      if (responses.includes(JSON.stringify($ref))) throw new Error(`${$ref} is both a body and a response`)
      if (!seen.has($ref)) allowNullMembers(schemas[referredName($ref)] as ObjectSchema)
      seen.add($ref)
    }
    const isRequired = forms.every(({ $ref }) => (schemas[referredName($ref)] as ObjectSchema).required)
    if (!isRequired) media.schema = { anyOf: [...forms, { type: 'null' }] }
  }
}

/** Gives a body with several forms an example of each, from which Swagger UI offers a choice. */
export function addExamplesOfForms(paths: Record<string, PathItem>, schemas: Node): void {
  for (const { operation } of operationsOf(paths)) {
    const media = operation.requestBody?.content['application/json']
    const forms = ((media?.schema.anyOf ?? []) as Node[]).filter(({ $ref }) => $ref)
    if (!media || forms.length < 2) continue
    const named = forms.map(({ $ref }) => [referredName($ref), schemas[referredName($ref)]] as [string, ObjectSchema])
    media.examples = Object.fromEntries(named.map(([name, { examples }]) => [name, { value: examples?.[0] }]))
  }
}

interface ObjectSchema {
  properties: Record<string, Node>
  required?: string[]
  examples?: unknown[]
}

function allowNullMembers({ properties, required = [] }: ObjectSchema): void {
  for (const [member, schema] of Object.entries(properties))
    if (!required.includes(member)) properties[member] = orNull(schema)
}

function orNull(schema: Node): Node {
  if (schema.anyOf) return { ...schema, anyOf: [...(schema.anyOf as Node[]), { type: 'null' }] }
  if (schema.type === undefined) return schema
  const { enum: values } = schema as { enum?: unknown[] }
  return { ...schema, type: [schema.type, 'null'], ...(values && { enum: [...values, null] }) }
}

const STATUS_NAMES: Record<string, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  413: 'ContentTooLarge',
  422: 'UnprocessableContent',
  429: 'TooManyRequests',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  default: 'Unexpected',
}

/** Moves the error responses of the surfaces to the components: `Error` with 403 becomes `Forbidden`. */
export function sharedResponses(paths: Record<string, PathItem>): Node {
  const shared: Node = {}
  for (const { operation } of operationsOf(paths))
    for (const [status, response] of Object.entries(operation.responses)) {
      const surface = surfaceOfError(response)
      const name = STATUS_NAMES[status]
      if (surface === undefined || name === undefined) continue
      addComponent(shared, `${surface}${name}`, response)
      operation.responses[status] = { $ref: `#/components/responses/${surface}${name}` } as unknown as Response
    }
  return sorted(shared)
}

/** @returns `Service` for ServiceError, and an empty text for Error */
function surfaceOfError({ content }: Response): string | undefined {
  return /^(\w*)Error$/.exec(referredName(content?.['application/json']?.schema.$ref))?.[1]
}

export const sorted = (object: Node): Node =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
