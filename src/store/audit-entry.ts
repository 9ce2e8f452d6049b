/** An entry of the audit log that is to be written. */
import type { JsonObject } from '../lib/json'

export interface AuditEntry {
  id: string
  payload: JsonObject
  createdAt: number
  /** Address of the requesting client; empty for background work, or if addresses are not stored. */
  ipAddress: string
}
