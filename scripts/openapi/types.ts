/** The parts of an OpenAPI document that the generator works on. */
export type Node = Record<string, unknown>

export interface Parameter extends Node {
  name: string
  in: string
  schema: Node
}

export interface Response extends Node {
  description: string
  content?: Record<string, { schema: Node }>
}

export interface Operation {
  operationId: string
  tags: string[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: Node; examples?: Node }> }
  responses: Record<string, Response>
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

export type PathItem = Partial<Record<(typeof METHODS)[number], Operation>>

/** Where a reference leads to, such as `User` for `#/components/schemas/User`. */
export const referredName = ($ref: unknown): string => String($ref).split('/').at(-1) ?? ''

/** Every operation of the paths, with its method. */
export function* operationsOf(paths: Record<string, PathItem>) {
  for (const [path, item] of Object.entries(paths))
    for (const method of METHODS) {
      const operation = item[method]
      if (operation) yield { path, method, operation, name: `${method.toUpperCase()} ${path}` }
    }
}
