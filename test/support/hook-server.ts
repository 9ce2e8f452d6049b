/** The operator's server of hooks (docs/hooks.md), on a port of this machine, with scripted answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Json } from './app'

/** As settings have them: `v1,whsec_` and base64. */
export const HOOK_SECRETS = ['v1,whsec_Zmlyc3Qtc2VjcmV0LWZpcnN0LXNlY3JldA==', 'v1,whsec_c2Vjb25kLXNlY3JldC1zZWNvbmQ=']

/** A call of a hook, as it came over HTTP. */
export interface HookCall {
  method: string
  headers: Record<string, string>
  /** As it was signed. */
  body: string
  /** The body without its metadata, parsed. */
  payload: Json
  metadata: Json
  /** The hook's name, from the metadata. */
  name: string
}

export interface HookAnswer {
  /** 200 unless given. */
  status?: number
  /** In addition to the content type; `undefined` leaves one out. */
  headers?: Record<string, string | undefined>
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown
}

/** An answer; or none at all, on a connection that stays open or is closed. */
export type Scripted = HookAnswer | 'hang' | 'disconnect'
export type Script = Scripted | ((call: HookCall) => Scripted | Promise<Scripted>)

export interface HookServer extends AsyncDisposable {
  url: string
  /** Every call so far. */
  calls: HookCall[]
  /** The calls of one hook. */
  callsOf(name: string): HookCall[]
  /** The last call. */
  last(): HookCall
  /** Answers the next calls, one each. */
  next(...scripts: Script[]): void
  /** Answers all other calls; `{}` until it is set. */
  always(script: Script): void
  /** Resolves once there were as many calls. */
  called(times: number): Promise<void>
  /** The settings that enable hooks here. @param names such as `SEND_EMAIL` */
  settings(...names: string[]): Record<string, string>
}

export async function startHookServer(): Promise<HookServer> {
  const calls: HookCall[] = []
  const queue: Script[] = []
  const waiting: { times: number; resolve: () => void }[] = []
  let otherwise: Script = {}

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const call = readCall(request, await text(request))
    calls.push(call)
    for (const each of waiting) if (calls.length >= each.times) each.resolve()
    const script = queue.shift() ?? otherwise
    const scripted = typeof script === 'function' ? await script(call) : script
    if (scripted === 'hang') return
    if (scripted === 'disconnect') return void request.socket.destroy()
    const { status = 200, headers = {}, body = {} } = scripted
    const all = { 'content-type': 'application/json', ...headers }
    for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value)
    response.statusCode = status
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`

  return {
    url,
    calls,
    callsOf: (name) => calls.filter((call) => call.name === name),
    last() {
      const call = calls.at(-1)
      if (!call) throw new Error('no hook was called')
      return call
    },
    next(...scripts) {
      queue.push(...scripts)
    },
    always(script) {
      otherwise = script
    },
    called: (times) =>
      new Promise((resolve) => {
        if (calls.length >= times) resolve()
        else waiting.push({ times, resolve })
      }),
    settings: (...names) =>
      Object.fromEntries(
        names.flatMap((name) => [
          [`AUTH_HOOK_${name}_ENABLED`, 'true'],
          [`AUTH_HOOK_${name}_URI`, url],
          [`AUTH_HOOK_${name}_SECRETS`, HOOK_SECRETS.join('|')],
        ]),
      ),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function readCall({ method = '', headers }: IncomingMessage, body: string): HookCall {
  const { metadata, ...payload } = JSON.parse(body)
  const given = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return { method, headers: Object.fromEntries(given), body, payload, metadata, name: metadata.name }
}
