/** Passes on what the store reports once it is on disk: to the workers, the keyring, and open mailbox pages. */
import type { CountKind } from '../store'
import type { StoreEvent } from '../store/engine'

export interface NewMessage {
  id: string
  to: string
  state: string
}

export interface StoreEvents {
  publish(event: StoreEvent): void
  /** @returns ends the subscription */
  onMessage(listener: (message: NewMessage) => void): () => void
  /** Called when mail was queued, by any process on the database. @returns ends the subscription */
  onQueuedMail(listener: () => void): () => void
  /** Called when a Matrix account has to be created. @returns ends the subscription */
  onMatrixAccount(listener: () => void): () => void
  /** Called when an event has to be sent, by any process on the database. @returns ends the subscription */
  onQueuedEvent(listener: () => void): () => void
  /** Called with what happened and is to be counted. @returns ends the subscription */
  onCounted(listener: (what: CountKind, label: string) => void): () => void
  /** Called when the signing keys have changed. @returns ends the subscription */
  onSigningKeys(listener: () => void): () => void
}

/** @param onFault called with what a listener of messages throws; the other listeners are called nevertheless */
export function storeEvents(onFault: (error: unknown) => void): StoreEvents {
  const messageListeners = new Set<(message: NewMessage) => void>()
  const mailListeners = new Set<() => void>()
  const matrixListeners = new Set<() => void>()
  const eventListeners = new Set<() => void>()
  const keyListeners = new Set<() => void>()
  const countListeners = new Set<(what: CountKind, label: string) => void>()

  const publishMessage = (message: NewMessage) => {
    for (const listener of messageListeners) {
      try {
        listener(message)
      } catch (error) {
        onFault(error)
      }
    }
  }

  return {
    publish(event) {
      switch (event.kind) {
        case 'message':
          publishMessage({ id: event.id, to: event.recipient, state: event.state })
          if (event.state === 'queued') call(mailListeners)
          break
        case 'counted':
          for (const listener of countListeners) listener(event.what, event.label)
          break
        case 'queued_mail':
          call(mailListeners)
          break
        case 'matrix_account':
          call(matrixListeners)
          break
        case 'queued_event':
          call(eventListeners)
          break
        case 'signing_keys':
          call(keyListeners)
      }
    },
    onMessage: (listener) => subscribe(messageListeners, listener),
    onQueuedMail: (listener) => subscribe(mailListeners, listener),
    onMatrixAccount: (listener) => subscribe(matrixListeners, listener),
    onQueuedEvent: (listener) => subscribe(eventListeners, listener),
    onCounted: (listener) => subscribe(countListeners, listener),
    onSigningKeys: (listener) => subscribe(keyListeners, listener),
  }
}

function call(listeners: Iterable<() => void>): void {
  for (const listener of listeners) listener()
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
