/**
 * Sign-ins that leave the page for a provider or a mailed link, and come back with a code (RFC 7636). A link opens a new
 * tab, so what belongs to a flow is in the storage of all tabs. It is of no use without the code.
 */
const STORED = 'latchkey-account-flows'
/** Longer than any link is valid. */
const MAX_AGE_MS = 24 * 60 * 60_000

function read() {
  try {
    const flows = JSON.parse(localStorage.getItem(STORED)) ?? []
    return flows.filter(({ since }) => Date.now() - since < MAX_AGE_MS)
  } catch {
    return []
  }
}

function write(flows) {
  try {
    localStorage.setItem(STORED, JSON.stringify(flows))
  } catch {
    // Without storage a link cannot be opened, but its code can be entered.
  }
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** @returns base64url without padding */
const random = (length) => base64url(crypto.getRandomValues(new Uint8Array(length)))

/** Browsers hash in secure contexts only: over HTTPS, or on this machine. */
async function challengeOf(verifier) {
  if (!crypto.subtle) return { code_challenge: verifier, code_challenge_method: 'plain' }
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { code_challenge: base64url(new Uint8Array(hash)), code_challenge_method: 's256' }
}

/**
 * @param kind such as `recovery`, which is known again when the browser comes back, even if it is another one
 * @returns the id for the address to come back to, and the challenge for the request
 */
export async function beginFlow(kind) {
  const id = `${kind}.${random(9)}`
  const verifier = random(48)
  write([...read(), { id, verifier, since: Date.now() }])
  return { id, challenge: await challengeOf(verifier) }
}

/** @returns the verifier of a flow that began in this browser, once */
export function takeVerifier(id) {
  const flows = read()
  write(flows.filter((flow) => flow.id !== id))
  return flows.find((flow) => flow.id === id)?.verifier
}

export const kindOfFlow = (id = '') => id.split('.')[0]
