/** Pages of the admin lists: `page` and `per_page`, X-Total-Count and Link (RFC 8288). */
import { Type } from '@sinclair/typebox'
import type { Page } from '../../core'
import { Refusal } from '../../core/kernel/refusal'
import type { QueryValues } from '../../http/parameters'
import { targetOf } from '../../http/target'
import { encodeForm } from '../../lib/form'

export const DEFAULT_PER_PAGE = 50
export const MAX_PER_PAGE = 1000
const MAX_UINT64 = 2n ** 64n - 1n
/** Keeps an offset an exact number. */
const MAX_PAGE = 1e12

export const pageQuery = {
  page: Type.Optional(Type.Integer({ description: 'From 1; 0 counts as 1.', default: 1, minimum: 0 })),
  per_page: Type.Optional(
    Type.Integer({
      description: 'At most 1000; a larger number counts as 1000.',
      default: DEFAULT_PER_PAGE,
      minimum: 1,
    }),
  ),
}

/** Empty values are treated as absent, because supabase-js always sends both. */
export function pageOf(query: QueryValues<typeof pageQuery>): Page {
  const page = whole(query.page, 1)
  const perPage = whole(query.per_page, DEFAULT_PER_PAGE)
  if (perPage === 0) throw new Refusal('page_malformed', { detail: 'per_page must be greater than 0' })
  return { page, perPage: Math.min(perPage, MAX_PER_PAGE) }
}

export const sortQuery = {
  sort: Type.Optional(
    Type.String({ description: '`created_at asc` or `created_at desc`.', default: 'created_at desc' }),
  ),
}

/** Descending by default. */
export function sortOf({ sort }: QueryValues<typeof sortQuery>): 'asc' | 'desc' {
  if (sort === undefined) return 'desc'
  const [, field = '', direction = 'desc'] = /^([^ ]*)(?: (.*))?$/s.exec(sort) ?? []
  if (field !== 'created_at') throw new Refusal('sort_malformed', { detail: `bad field for sort '${field}'` })
  const known = direction.toLowerCase()
  if (known !== 'asc' && known !== 'desc')
    throw new Refusal('sort_malformed', {
      detail: `bad direction for sort '${direction}', only 'asc' and 'desc' allowed`,
    })
  return known
}

/** @param path of the list, as in GoTrue, regardless of the prefix */
export function pageHeaders(
  request: Request,
  path: string,
  { page, perPage }: Page,
  total: number,
): Record<string, string> {
  const last = Math.ceil(total / perPage)
  const link = (to: number, rel: string) => {
    const params = new URLSearchParams(targetOf(request).query)
    params.set('page', String(to))
    params.sort()
    return `<${path}?${encodeForm(params)}>; rel="${rel}"`
  }
  const links = [...(page < last ? [link(page + 1, 'next')] : []), link(last, 'last')]
  return { 'x-total-count': String(total), link: links.join(', ') }
}

/** A 64-bit unsigned integer; values beyond the last page do not have to be exact. */
function whole(text: string | undefined, missing: number): number {
  if (!text) return missing
  const flaw = /^[0-9]+$/.test(text) ? BigInt(text.slice(0, 40)) > MAX_UINT64 && 'value out of range' : 'invalid syntax'
  if (flaw)
    throw new Refusal('page_malformed', { detail: `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${flaw}` })
  return Math.min(Number(text), MAX_PAGE)
}
