/** Pages of the admin lists: `page` and `per_page`, X-Total-Count and Link (RFC 8288), as contract 1.13 has them. */
import { Type } from '@sinclair/typebox'
import type { Page } from '../../core'
import { Refusal } from '../../core/refusal'
import { targetOf } from '../../http/target'

type Query = (name: string) => string | undefined

const MAX_PER_PAGE = 1000

export const pageQuery = {
  page: Type.Optional(Type.Integer({ description: 'From 1.', default: 1, minimum: 1 })),
  per_page: Type.Optional(Type.Integer({ description: 'Up to 1000.', default: 50, minimum: 1, maximum: MAX_PER_PAGE })),
}

/** Empty values count as absent, since supabase-js always sends both. @throws {Refusal<'page_malformed'>} */
export function pageOf(query: Query): Page {
  const page = whole(query('page'), 1)
  const perPage = whole(query('per_page'), 50)
  if (perPage === 0) throw new Refusal('page_malformed', { detail: 'per_page must be at least 1' })
  return { page, perPage: Math.min(perPage, MAX_PER_PAGE) }
}

/** @throws {Refusal<'sort_malformed'>} */
export function sortOf(query: Query): 'asc' | 'desc' {
  const sort = query('sort')
  if (!sort) return 'desc'
  const [field, direction = 'asc'] = sort.split(' ')
  if (field !== 'created_at') throw new Refusal('sort_malformed', { detail: `bad field for sort '${field}'` })
  if (direction !== 'asc' && direction !== 'desc')
    throw new Refusal('sort_malformed', {
      detail: `bad direction for sort '${direction}', only 'asc' and 'desc' allowed`,
    })
  return direction
}

/** @param path of the list, as GoTrue names it whatever the prefix */
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
    return `<${path}?${params}>; rel="${rel}"`
  }
  const links = [...(page < last ? [link(page + 1, 'next')] : []), link(last, 'last')]
  return { 'x-total-count': String(total), link: links.join(', ') }
}

function whole(text: string | undefined, missing: number): number {
  if (!text) return missing
  if (!/^\d{1,9}$/.test(text))
    throw new Refusal('page_malformed', {
      detail: `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    })
  return Number(text)
}
