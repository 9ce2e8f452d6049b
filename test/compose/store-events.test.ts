import { expect, test } from 'bun:test'
import { storeEvents } from '../../src/compose/store-events'

const message = { kind: 'message', id: '1', recipient: 'ada@example.com', state: 'queued' } as const

test('events reach the listeners of their kind, until these end their subscription', () => {
  const events = storeEvents(() => {})
  const seen: unknown[] = []
  const end = events.onMessage((each) => seen.push(each))
  events.onMatrixAccount(() => seen.push('matrix'))
  events.onSigningKeys(() => seen.push('keys'))
  events.publish(message)
  events.publish({ kind: 'matrix_account' })
  events.publish({ kind: 'signing_keys' })
  end()
  events.publish(message)
  expect(seen).toEqual([{ id: '1', to: 'ada@example.com', state: 'queued' }, 'matrix', 'keys'])
})

test('mail is queued by a message of this process, or by another process', () => {
  const events = storeEvents(() => {})
  let wakeUps = 0
  events.onQueuedMail(() => wakeUps++)
  events.publish(message)
  events.publish({ kind: 'queued_mail' })
  events.publish({ ...message, state: 'kept' })
  expect(wakeUps).toBe(2)
})

test('a listener that fails is reported, and the others are called nevertheless', () => {
  const faults: unknown[] = []
  const events = storeEvents((error) => faults.push(error))
  const fault = new Error('the page is gone')
  const seen: string[] = []
  events.onMessage(() => {
    throw fault
  })
  events.onMessage(({ id }) => seen.push(id))
  events.publish(message)
  expect([faults, seen]).toEqual([[fault], ['1']])
})
