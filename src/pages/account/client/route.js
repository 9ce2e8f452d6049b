/** Views, which the fragment of the address names: `#/password`. The rest of the address stays. */
import { useEffect, useState } from './lib.js'

const read = () => (location.hash.startsWith('#/') ? location.hash.slice(2) : '')

/** The name of the view in the address; empty for the first one. */
export function useRoute() {
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const follow = () => setRoute(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

export const hrefOf = (view) => `#/${view}`

/** Opens a view; with `replace` the history keeps one entry. */
export function go(view, { replace = false } = {}) {
  if (!replace) {
    location.hash = hrefOf(view)
    return
  }
  history.replaceState(null, '', hrefOf(view))
  dispatchEvent(new HashChangeEvent('hashchange'))
}
