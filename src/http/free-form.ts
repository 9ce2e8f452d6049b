/** JSON objects with any keys, in answers. */
import { Type } from '@sinclair/typebox'

/** A schema that copies an object as it is: of a record each key would be assigned, and `__proto__` lost by that. */
export const freeForm = () => Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))
