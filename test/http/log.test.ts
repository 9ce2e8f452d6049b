import { describe, expect, test } from 'bun:test'
import { createLog, type Fields, logLine } from '../../src/http/log'

const NOW = Date.UTC(2026, 0, 1, 12, 30, 15, 250)

const text = (fields: Fields) => logLine({ format: 'text', now: NOW }, 'info', 'request', fields)

const request = { id: 'req-1', method: 'POST', route: '/auth/v1/token', status: 200, ms: 53.61 }

describe('a request as text', () => {
  test('is one short line', () => {
    expect(text(request)).toBe('12:30:15.250 POST /auth/v1/token 200 54 ms\n')
  })

  test('has the code that the client gets, the reason, and the id to look it up', () => {
    const refused = { ...request, status: 400, code: 'invalid_credentials', reason: 'credentials_wrong' }
    expect(text(refused)).toBe(
      '12:30:15.250 POST /auth/v1/token 400 invalid_credentials 54 ms reason=credentials_wrong id=req-1\n',
    )
  })

  test('has the limit that was exceeded', () => {
    const limited = {
      ...request,
      status: 429,
      ms: 0.31,
      code: 'over_request_rate_limit',
      reason: 'too_many_requests',
      limit: 'AUTH_RATE_LIMIT_TOKEN_REFRESH',
    }
    expect(text(limited)).toBe(
      '12:30:15.250 POST /auth/v1/token 429 over_request_rate_limit 0.3 ms reason=too_many_requests limit=AUTH_RATE_LIMIT_TOKEN_REFRESH id=req-1\n',
    )
  })

  test('shows the reason once where there is no code', () => {
    expect(text({ ...request, status: 401, reason: 'bearer_missing' })).toBe(
      '12:30:15.250 POST /auth/v1/token 401 bearer_missing 54 ms id=req-1\n',
    )
  })

  test('says that no route has matched', () => {
    expect(text({ id: 'req-1', method: 'GET', route: undefined, status: 404, ms: 1 })).toBe(
      '12:30:15.250 GET (no such path) 404 1.0 ms id=req-1\n',
    )
  })

  test.each([
    [200, 32],
    [302, 36],
    [404, 33],
    [500, 31],
  ])('colors status %p by its class', (status, code) => {
    const line = logLine({ format: 'colored', now: NOW }, 'info', 'request', { ...request, status })
    expect(line).toContain(` /auth/v1/token \u001b[${code}m${status}\u001b[0m `)
    expect(line).toStartWith('\u001b[90m12:30:15.250\u001b[0m POST ')
  })
})

test('other lines have their level and fields', () => {
  const fields = { url: 'http://localhost:1', note: 'two words', none: undefined }
  expect(logLine({ format: 'text', now: NOW }, 'info', 'listening', fields)).toBe(
    '12:30:15.250 info  listening url=http://localhost:1 note="two words"\n',
  )
  expect(logLine({ format: 'colored', now: NOW }, 'warn', 'careful')).toBe(
    '\u001b[90m12:30:15.250\u001b[0m \u001b[33mwarn  careful\u001b[0m\n',
  )
})

test('control characters reach no terminal', () => {
  const line = logLine({ format: 'text', now: NOW }, 'error', 'failed', { error: 'a\u001b[2J\nb' })
  expect(line).toBe('12:30:15.250 error failed error="a\\u001b[2J\\nb"\n')
})

test('as JSON, a request has all fields', () => {
  expect(JSON.parse(logLine({ format: 'json', now: NOW }, 'info', 'request', request))).toEqual({
    time: '2026-01-01T12:30:15.250Z',
    level: 'info',
    msg: 'request',
    ...request,
  })
})

test('lines below the level are not written', () => {
  let written = ''
  const log = createLog({ level: 'warn', format: 'text', write: (some) => (written += some), now: () => NOW })
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  expect(written).toBe('12:30:15.250 warn  c\n12:30:15.250 error d\n')
})
