/** Short messages about what was done, which screen readers announce. They lie above the page, so that nothing moves. */
import { html, useEffect, useState } from './lib.js'

const SHOWN_MS = 6000

let shown = []
let serial = 0
const listeners = new Set()

function show(next) {
  shown = next
  for (const listener of listeners) listener()
}

export function notify(text) {
  const entry = { id: ++serial, text }
  show([...shown.slice(-1), entry])
  setTimeout(() => show(shown.filter((each) => each !== entry)), SHOWN_MS)
}

export function Notifications() {
  const [, redraw] = useState()
  useEffect(() => {
    const follow = () => redraw({})
    listeners.add(follow)
    return () => listeners.delete(follow)
  }, [])
  return html`<div class="notifications" role="status" aria-live="polite">
    ${shown.map(({ id, text }) => html`<p key=${id}>${text}</p>`)}
  </div>`
}
