/** Passes on what the store reports once it is on disk: to the workers, and to open mailbox pages. */
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
  /** Called when a Matrix account has to be created. @returns ends the subscription */
  onMatrixAccount(listener: () => void): () => void
}

/** @param onFault called with what a listener of messages throws; the other listeners are called nevertheless */
export function storeEvents(onFault: (error: unknown) => void): StoreEvents {
  const messageListeners = new Set<(message: NewMessage) => void>()
  const matrixListeners = new Set<() => void>()

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
      if (event.kind === 'message') publishMessage({ id: event.id, to: event.recipient, state: event.state })
      else for (const listener of matrixListeners) listener()
    },
    onMessage: (listener) => subscribe(messageListeners, listener),
    onMatrixAccount: (listener) => subscribe(matrixListeners, listener),
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
