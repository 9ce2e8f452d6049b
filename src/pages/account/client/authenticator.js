/** Adds a passkey or security key with the authenticator of this browser (WebAuthn Level 3 §5.1). */
import { PageError } from './errors.js'

export const canCreateCredentials = Boolean(globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON)

const PROBLEMS = { InvalidStateError: 'self.credentialKnown', SecurityError: 'self.credentialElsewhere' }

/** @param options as JSON, from the server @returns the credential as JSON */
export async function createCredential(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  try {
    return (await navigator.credentials.create({ publicKey })).toJSON()
  } catch (error) {
    throw new PageError(PROBLEMS[error.name] ?? 'self.credentialCancelled')
  }
}
