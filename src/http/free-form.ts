/** JSON objects with arbitrary keys, in responses. */
import { Type } from '@sinclair/typebox'

/** A schema that copies an object unchanged: a record would assign each key, and so lose `__proto__`. */
export const freeForm = () => Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))
