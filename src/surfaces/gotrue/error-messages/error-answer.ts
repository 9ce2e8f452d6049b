/** The form of an error. */
import type { Detail } from '../../../core/kernel/refusal'

export type ErrorResponse = readonly [
  status: number | ((detail: Detail) => number),
  code: string | ((detail: Detail) => string),
  message: string | ((detail: Detail) => string),
]

export const quoted = ({ detail = '' }: Detail) => JSON.stringify(detail)
