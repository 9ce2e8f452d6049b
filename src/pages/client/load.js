/** Loading what a view shows. */
import { useEffect, useState } from './lib.js'

/**
 * Loads something when `inputs` change, and again on `reload`. What is loaded stays visible meanwhile.
 * @returns `{ data, error, isLoading, reload }`
 */
export function useLoad(load, inputs = []) {
  const [state, setState] = useState({ isLoading: true })
  const [round, setRound] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    setState((before) => ({ ...before, isLoading: true }))
    load(stop.signal).then(
      (data) => stop.signal.aborted || setState({ data, isLoading: false }),
      (error) => stop.signal.aborted || setState({ error, isLoading: false }),
    )
    return () => stop.abort()
  }, [...inputs, round])
  return { ...state, reload: () => setRound((before) => before + 1) }
}
