/** The password rules (docs/wire-contract.md#passwords). */
import { createHash } from 'node:crypto'
import type { Context } from '../kernel/context'
import { Refusal, type Weakness } from '../kernel/refusal'
import { isTooLong } from './passwords'

type StrengthDeps = Pick<Context, 'policy' | 'breachedPasswords' | 'report'>

/**
 * Every rule that a password violates, or undefined if there is none.
 * @throws {Refusal} if the breach check fails and is required
 */
export async function weaknessOf(context: StrengthDeps, password: string): Promise<Weakness | undefined> {
  const { minBytes, requiredCharacters } = context.policy.password
  const found: [Weakness['reasons'][number], string][] = []
  if (Buffer.byteLength(password) < minBytes)
    found.push(['length', `Password should be at least ${minBytes} characters.`])
  if (!requiredCharacters.every((set) => [...set].some((character) => password.includes(character))))
    found.push([
      'characters',
      `Password should contain at least one character of each: ${requiredCharacters.join(', ')}.`,
    ])
  if (await isBreached(context, password))
    found.push(['pwned', 'Password is known to be weak and easy to guess, please choose a different one.'])
  if (found.length === 0) return undefined
  return { reasons: found.map(([reason]) => reason), message: found.map(([, text]) => text).join(' ') }
}

export async function requireStrongPassword(context: StrengthDeps, password: string): Promise<void> {
  if (isTooLong(password)) throw new Refusal('password_too_long')
  const weakness = await weaknessOf(context, password)
  if (weakness) throw new Refusal('password_weak', { weakness })
}

/** Hexadecimal digits of the hash that are sent; hundreds of passwords share them (k-anonymity). */
const PREFIX_LENGTH = 5

/** Whether a password is in a known breach. Only a prefix of its SHA-1 leaves the server. */
async function isBreached({ policy, breachedPasswords, report }: StrengthDeps, password: string): Promise<boolean> {
  if (!breachedPasswords) return false
  const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
  const range = await breachedPasswords(hash.slice(0, PREFIX_LENGTH))
  if (range.outcome === 'answered') {
    const suffix = hash.slice(PREFIX_LENGTH)
    // A count of 0 is padding, which hides the real number of results.
    return range.lines.some((line) => line.startsWith(`${suffix}:`) && Number(line.slice(suffix.length + 1)) > 0)
  }
  report('warn', 'the breach check is unavailable', { error: range.error })
  if (policy.password.breachCheckFailsClosed) throw new Refusal('breach_check_unavailable')
  return false
}
