/** What must hold for the document, beyond that it is valid OpenAPI. */
import { type Node, type Operation, operationsOf, type PathItem, referredName } from './types'

interface Document {
  tags: { name: string; description?: string }[]
  paths: Record<string, PathItem>
  components: { schemas: Record<string, Node>; responses: Record<string, Node> }
}

/** Operations with the same name, and tags that nothing explains or uses. */
export function ambiguities({ tags, paths }: Pick<Document, 'tags' | 'paths'>): string[] {
  const problems: string[] = []
  const known = new Map<string, string>()
  const used = new Set<string>()
  for (const { name, operation } of operationsOf(paths)) {
    const { operationId, tags: own = [] } = operation
    const earlier = known.get(operationId)
    if (!operationId) problems.push(`${name} has no operationId`)
    else if (earlier !== undefined) problems.push(`${name} has the operationId ${operationId}, as ${earlier} has`)
    known.set(operationId, name)
    if (own.length !== 1) problems.push(`${name} needs one tag`)
    for (const tag of own) used.add(tag)
  }
  const declared = tags.filter(({ description }) => description).map(({ name }) => name)
  for (const tag of used)
    if (!declared.includes(tag)) problems.push(`the tag ${tag} is not declared with a description`)
  for (const tag of declared) if (!used.has(tag)) problems.push(`no operation has the tag ${tag}`)
  return problems
}

interface Route {
  method: string
  path: string
  hooks: object
}

/** Below this number, the routes were not listed, and a check of them would mean nothing. */
const FEWEST_OPERATIONS = 16

/** @returns the number of documented operations, and what is missing */
export function coverage(document: Document, routes: readonly Route[]): { count: number; problems: string[] } {
  const problems: string[] = []
  let count = 0
  for (const { method, path, hooks } of routes) {
    if ((hooks as { detail?: { hide?: boolean } }).detail?.hide) continue
    const entry = document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase() as keyof PathItem]
    if (entry) count += 1
    else problems.push(`${method} ${path} has no entry`)
  }
  for (const { name, operation } of operationsOf(document.paths)) problems.push(...gaps(name, operation, document))
  if (count < FEWEST_OPERATIONS) problems.push(`only ${count} operations were found`)
  return { count, problems }
}

/** An answer with a body needs its schema, and a request body an example to try. */
function gaps(name: string, { responses, requestBody }: Operation, { components }: Document): string[] {
  const problems = Object.entries(responses)
    .filter(([status, { $ref, content }]) => {
      const isShared = components.responses[referredName($ref)] !== undefined
      return !isShared && !/^(204|302|303)$/.test(status) && !Object.values(content ?? {})[0]?.schema
    })
    .map(([status]) => `${name} has no schema for ${status}`)
  const schema = requestBody?.content['application/json']?.schema
  const forms = schema === undefined ? [] : ((schema.anyOf as Node[] | undefined) ?? [schema])
  for (const { $ref } of forms.filter(({ type }) => type !== 'null'))
    if (!components.schemas[referredName($ref)]?.examples) problems.push(`${name} has no example for its body`)
  return problems
}
