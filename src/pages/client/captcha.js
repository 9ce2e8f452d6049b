/** Requests for which the server may ask for a captcha. */
import { ApiError, ROOT, send } from './http.js'

/**
 * Sends a request, and once more with a solved proof of work if the server asks for one.
 * @param action of the captcha, such as `sign_in`
 * @returns the body of the response
 */
export async function sendWithCaptcha(path, action, options = {}) {
  try {
    return (await send('POST', path, options)).data
  } catch (error) {
    if (error.code !== 'captcha_failed') throw error
    const body = { ...options.body, gotrue_meta_security: { captcha_token: await solve(action) } }
    return (await send('POST', path, { ...options, body })).data
  }
}

/** Solves the server's own captcha; others need a script of their provider, which this page does not load. */
async function solve(action) {
  globalThis.latchkey ?? (await loadSolver())
  return globalThis.latchkey.solveCaptcha(action)
}

function loadSolver() {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = `${ROOT}auth/v1/captcha/pow.js`
    script.onload = resolve
    script.onerror = () =>
      reject(
        new ApiError({
          status: 0,
          code: 'captcha_unsupported',
          message:
            'This server asks for a captcha of a provider, which this page does not load. Use the command line, or proof of work as captcha.',
        }),
      )
    document.head.append(script)
  })
}
