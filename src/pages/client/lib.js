/** Preact with htm instead of JSX, so that no build step is needed. */

import htm from './htm.js'
import { h, options } from './preact.js'

// Effects run before the browser draws what they belong to, not some time after: a view that is seen has its title, answers
// to its keys, and says that it is loading.
options.requestAnimationFrame = queueMicrotask

export const html = htm.bind(h)
export { useEffect, useId, useLayoutEffect, useRef, useState } from './hooks.js'
export { render } from './preact.js'
