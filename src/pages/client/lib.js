/** Preact with htm instead of JSX, so that no build step is needed. */

import htm from './htm.js'
import { h } from './preact.js'

export const html = htm.bind(h)
export { useEffect, useId, useLayoutEffect, useRef, useState } from './hooks.js'
export { render } from './preact.js'
