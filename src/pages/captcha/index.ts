/** The script that solves proofs of work. Applications include it from here. */
import script from './pow.js.txt' with { type: 'text' }

export function proofOfWorkScript(): Response {
  return new Response(String(script), {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'cross-origin-resource-policy': 'cross-origin',
    },
  })
}
