/** Error handling common to all surfaces: a refusal is recorded for the log and answered; a fault is reported. */
import type { Refusal } from '../core/kernel/refusal'
import { noteRefusal } from './request-context'

interface ErrorResponses {
  answerRefusal(refusal: Refusal, request: Request): Response
  answerFault(request: Request): Response
  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
}

/** @returns answers an error of an endpoint */
export function errorHandler({ answerRefusal, answerFault, onFault }: ErrorResponses) {
  return (error: unknown, request: Request): Response => {
    const refusal = noteRefusal(error, request)
    // The operator's own trigger or constraint, which only they can look into.
    if (refusal?.reason === 'rejected_by_database') onFault(error, request)
    if (refusal) return answerRefusal(refusal, request)
    onFault(error, request)
    return answerFault(request)
  }
}
