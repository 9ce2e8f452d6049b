/** Addresses of views, in the fragment: `#/users/<id>?tab=audit`. The browser's history works as usual. */
import { useEffect, useState } from './lib.js'

const START = '/users'

/** The route that the address names now. */
export function read() {
  const text = location.hash.replace(/^#/, '') || START
  const [path, search = ''] = text.split('?')
  const parts = path
    .split('/')
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })
  return { path, parts, query: Object.fromEntries(new URLSearchParams(search)) }
}

export function useRoute() {
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const follow = () => setRoute(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

/** An address with the parameters that have a value. */
export function hashOf(path, query = {}) {
  const parameters = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== ''),
  )
  return `#${path}${parameters.size > 0 ? `?${parameters}` : ''}`
}

/** Opens an address; with `replace` the history keeps one entry, as for a filter while it is typed. */
export function go(hash, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, '', hash)
    dispatchEvent(new HashChangeEvent('hashchange'))
  } else location.hash = hash
}
