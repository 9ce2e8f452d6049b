import { expect, test } from 'bun:test'
import { storeEvents } from '../../src/compose/store-events'

const message = { kind: 'message', id: '1', recipient: 'ada@example.com', state: 'queued' } as const

test('events reach the listeners of their kind, until these end their subscription', () => {
  const events = storeEvents(() => {})
  const seen: unknown[] = []
  const end = events.onMessage((each) => seen.push(each))
  events.onMatrixAccount(() => seen.push('matrix'))
  events.publish(message)
  events.publish({ kind: 'matrix_account' })
  end()
  events.publish(message)
  expect(seen).toEqual([{ id: '1', to: 'ada@example.com', state: 'queued' }, 'matrix'])
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
