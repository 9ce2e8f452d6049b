/** Where a user is on the way in. It is kept by the tab, because phones reload a tab after a look at the mail. */
const STORED = 'latchkey-account-step'

let pending = read()

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? {}
  } catch {
    return {}
  }
}

/**
 * `{ sent?: { kind, address, isPhone }, needsPassword? }`: a message whose code can be entered, and whether a new
 * password is to be set.
 */
export const currentStep = () => pending

export function setStep(next) {
  pending = next
  try {
    if (Object.keys(next).length > 0) sessionStorage.setItem(STORED, JSON.stringify(next))
    else sessionStorage.removeItem(STORED)
  } catch {
    // Without storage a reload begins again.
  }
}
