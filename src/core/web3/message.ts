/** The message that a wallet shows and signs (EIP-4361; Solana uses the same format). */
import { Refusal } from '../kernel/refusal'

/** The differences between chains in the text. */
export interface ChainWording {
  /** Start of the error messages. */
  prefix: 'siwe' | 'siws'
  chain: 'Ethereum' | 'Solana'
  address: RegExp
  addressFlaw: string
  isChainId(text: string): boolean
}

export interface SignedMessage {
  text: string
  domain: string
  address: string
  statement: string | undefined
  uri: string
  /** The text in the message; empty if it has none. */
  chainId: string
  /** Instants in Unix milliseconds. */
  issuedAt: number
  expiresAt: number | undefined
  notBefore: number | undefined
}

const DOMAIN = /^(?:localhost|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,})(?::\d{1,5})?$/
/** RFC 3339 §5.6. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/
const MIN_LINES = 6

/** @throws {Refusal} in GoTrue's order */
export function parseSignedMessage(text: string, wording: ChainWording): SignedMessage {
  const flaw = malformed(wording)
  const lines = text.split('\n')
  if (lines.length < MIN_LINES) throw flaw(`message needs at least ${MIN_LINES} lines`)
  const [header = '', secondLine = '', thirdLine, fourthLine = '', fifthLine] = lines
  const ending = ` wants you to sign in with your ${wording.chain} account:`
  if (!header.endsWith(ending)) throw flaw(`message first line does not end in "${ending}"`)
  const domain = header.slice(0, -ending.length).trim()
  if (!DOMAIN.test(domain)) throw flaw('domain in first line of message is not valid')
  const address = secondLine.trim()
  if (!wording.address.test(address)) throw flaw(wording.addressFlaw)
  if (thirdLine !== '') throw flaw('third line must be empty')
  const hasStatement = fourthLine !== '' && fifthLine === ''
  const fields = fieldsOf(lines, hasStatement ? 5 : 3, wording)
  const { issuedAt, expiresAt, notBefore, uri } = fields
  if (fields.version !== '1')
    throw flaw(`Version value is not supported, expected 1 got ${JSON.stringify(fields.version ?? '')}`)
  if (issuedAt === undefined) throw flaw('Issued At is not specified')
  if (uri === undefined) throw flaw('URI is not specified')
  if (expiresAt !== undefined && issuedAt > expiresAt) throw flaw('Issued At is after Expiration Time')
  if (expiresAt !== undefined && notBefore !== undefined && notBefore > expiresAt)
    throw flaw('Not Before is after Expiration Time')
  const statement = hasStatement ? fourthLine : undefined
  return { text, domain, address, statement, uri, chainId: fields.chainId ?? '', issuedAt, expiresAt, notBefore }
}

interface Fields {
  uri?: string
  version?: string
  chainId?: string
  issuedAt?: number
  expiresAt?: number
  notBefore?: number
}

/** The `name: value` lines; unknown ones are ignored. */
function fieldsOf(lines: readonly string[], start: number, wording: ChainWording): Fields {
  const flaw = malformed(wording)
  const fields: Fields = {}
  const names = new Set<string>()
  let resources: number | undefined
  for (const [index, written] of lines.entries()) {
    const line = written.trim()
    if (index < start) continue
    if (resources !== undefined && line.startsWith('- ')) {
      if (!URL.canParse(line.slice(2).trim())) throw flaw(`Resource at position ${resources} has invalid URI`)
      resources++
      continue
    }
    resources = line === 'Resources:' ? 0 : undefined
    if (line === '' || resources === 0) continue
    const colon = line.indexOf(':')
    if (colon < 0) throw flaw(`encountered unparsable line at index ${index}`)
    const name = line.slice(0, colon)
    if (names.has(name)) throw flaw(`${name} is specified more than once`)
    names.add(name)
    Object.assign(fields, fieldOf(name, line.slice(colon + 1).trim(), wording))
  }
  return fields
}

function fieldOf(name: string, value: string, wording: ChainWording): Fields {
  const flaw = malformed(wording)
  const instant = () => {
    const at = INSTANT.test(value) ? Date.parse(value) : Number.NaN
    if (Number.isNaN(at)) throw flaw(`${name} is not a valid ISO8601 timestamp`)
    return at
  }
  switch (name) {
    case 'URI':
      if (!URL.canParse(value)) throw flaw('URI is not valid')
      return { uri: value }
    case 'Version':
      return { version: value }
    case 'Chain ID':
      if (!wording.isChainId(value)) throw flaw('Chain ID is not valid')
      return { chainId: value }
    case 'Issued At':
      return { issuedAt: instant() }
    case 'Expiration Time':
      return { expiresAt: instant() }
    case 'Not Before':
      return { notBefore: instant() }
    default:
      return {}
  }
}

const malformed =
  ({ prefix }: ChainWording) =>
  (what: string) =>
    new Refusal('web3_message_malformed', { detail: `${prefix}: ${what}` })
