/** The unit of the benchmark: a server of Bun alone that answers a constant JSON body. Prints its port. */
const body = JSON.stringify({ version: '0', name: 'bare', description: 'The least a server can do here.' })
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: () => new Response(body, { headers: { 'content-type': 'application/json' } }),
})
console.log(server.port)
