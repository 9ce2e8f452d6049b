/** Copies of answers that hold only what their schemas declare, so that nothing else leaves the server. */
import { type TObject, type TSchema, type TUnion, TypeGuard } from '@sinclair/typebox'
import { isJsonObject } from '../lib/json'

// biome-ignore lint/suspicious/noExplicitAny: the value is whatever the schema describes
type Copy = (value: any) => unknown

/**
 * Compiles a schema to a function that copies the declared members, in the order of the schema. It checks no types.
 * @returns undefined if values of the schema leave unchanged: texts, numbers, and objects with arbitrary keys
 * @throws from the copy: if a value has the form of no alternative of a union
 */
export function declaredMembers(schema: TSchema): Copy | undefined {
  if (TypeGuard.IsObject(schema)) return schema.additionalProperties === true ? undefined : objectCopy(schema)
  if (TypeGuard.IsUnion(schema)) return unionCopy(schema)
  const item = TypeGuard.IsArray(schema) ? declaredMembers(schema.items) : undefined
  return item && ((values: unknown[]) => values.map(item))
}

/** Compiled to source text: an object literal is several times faster than a loop over the members. */
function objectCopy({ properties }: TObject): Copy {
  const copies: Record<string, Copy> = {}
  const members = Object.entries(properties).map(([name, schema]) => {
    const [key, copy] = [JSON.stringify(name), declaredMembers(schema)]
    if (!copy) return `${key}: value[${key}]`
    copies[name] = copy
    return `${key}: value[${key}] === undefined ? undefined : copies[${key}](value[${key}])`
  })
  return new Function('copies', `return (value) => ({ ${members.join(', ')} })`)(copies)
}

/** The first alternative whose form the value has. */
function unionCopy({ anyOf }: TUnion): Copy | undefined {
  const alternatives = anyOf.map((schema) => ({ hasForm: formOf(schema), copy: declaredMembers(schema) }))
  if (alternatives.every(({ copy }) => copy === undefined)) return undefined
  return (value) => {
    const found = alternatives.find(({ hasForm }) => hasForm(value))
    if (!found) throw new Error('the answer has the form of no alternative in its schema')
    return found.copy ? found.copy(value) : value
  }
}

/** An object has the form of a schema if it has every required member. */
function formOf(schema: TSchema): (value: unknown) => boolean {
  if (TypeGuard.IsArray(schema)) return Array.isArray
  if (!TypeGuard.IsObject(schema)) return (value) => typeof value !== 'object' || value === null
  const { required = [] } = schema
  return (value) => isJsonObject(value) && required.every((name) => value[name] !== undefined)
}
