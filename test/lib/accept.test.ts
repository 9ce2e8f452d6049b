import { expect, test } from 'bun:test'
import { prefersPage } from '../../src/lib/accept'

const CHROMIUM =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7'

test.each([
  CHROMIUM,
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'text/html',
  'TEXT/HTML',
  'text/html; charset=utf-8',
  'text/html;level=1;q=0.7',
  'application/xhtml+xml',
  'application/json;q=0.5, text/html',
  'application/json;q=0.5,text/html;q=0.6',
  'text/html, application/json',
  'text/html;q=0.3, */*',
  'application/json;q=0, text/html;q=0.1',
  'nonsense, text/html',
])('%s asks for a page', (header) => expect(prefersPage(header)).toBe(true))

test.each([
  null,
  '',
  '*/*',
  'text/*',
  'application/json',
  'application/json, text/plain, */*',
  'application/json, text/html',
  'text/html;q=0.8, application/json',
  'text/html;q=0.5,application/problem+json;q=0.9',
  'text/html;q=0',
  'text/html;q=0.0, */*',
  'text/html;q=2',
  'text/html;q=x',
  'text/html;q=-1',
  'text/htmlx',
  'xtext/html',
  'text',
  ';',
  'text/event-stream',
  `${'a/b,'.repeat(40)}text/html`,
])('%s does not', (header) => expect(prefersPage(header)).toBe(false))
