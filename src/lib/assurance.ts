/** Authenticator assurance level (NIST SP 800-63B, as GoTrue uses it). */
export type Aal = 'aal1' | 'aal2'

/** What a token counts for: no more than its session has passed, and no more than when it was issued. */
export const lowerAal = (one: Aal, other: Aal): Aal => (one === 'aal2' && other === 'aal2' ? 'aal2' : 'aal1')
