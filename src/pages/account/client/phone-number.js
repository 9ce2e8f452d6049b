/** Phone numbers as people type them. */
import { FieldError } from './errors.js'

const E164 = /^\+[1-9]\d{4,14}$/

/** @param text with blanks, hyphens or brackets, and `00` for the plus sign @returns the number in E.164 */
export function numberOf(text) {
  const number = text.replaceAll(/[\s()./-]/g, '').replace(/^00/, '+')
  if (number === '') throw new FieldError('phone', 'common.required')
  if (!E164.test(number)) throw new FieldError('phone', 'contacts.phoneFormat')
  return number
}
