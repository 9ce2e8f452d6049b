/** A bucket of an S3-compatible service: single and multipart uploads, downloads, lists and deletions. */

export interface TestBucket extends Disposable {
  url: string
  objects: Map<string, Buffer>
  /** The headers of every request, in lower case. */
  requests: { method: string; path: string; authorization: string }[]
  /** Changes what is stored by an upload. */
  damage: ((bytes: Buffer) => Buffer) | undefined
}

const xml = (root: string, content: string) =>
  new Response(`<?xml version="1.0" encoding="UTF-8"?><${root}>${content}</${root}>`, {
    headers: { 'content-type': 'application/xml' },
  })

/** @param name of the bucket @param pageSize entries of a list */
export function testBucket(name: string, pageSize = 2): TestBucket {
  const uploads = new Map<string, Buffer[]>()
  const bucket: Omit<TestBucket, 'url' | typeof Symbol.dispose> = {
    objects: new Map(),
    requests: [],
    damage: undefined,
  }
  const store = (key: string, bytes: Buffer) => bucket.objects.set(key, bucket.damage?.(bytes) ?? bytes)
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url)
      const authorization = request.headers.get('authorization') ?? ''
      bucket.requests.push({ method: request.method, path: pathname, authorization })
      const key = decodeURIComponent(pathname.slice(`/${name}/`.length))
      const body = Buffer.from(await request.arrayBuffer())
      if (!authorization.startsWith('AWS4-HMAC-SHA256 Credential=key-id/')) {
        const refusal = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
        return new Response(refusal, { status: 403, headers: { 'content-type': 'application/xml' } })
      }
      const upload = searchParams.get('uploadId')
      switch (request.method) {
        case 'POST': {
          if (upload === null) {
            const id = crypto.randomUUID()
            uploads.set(id, [])
            return xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`)
          }
          store(key, Buffer.concat(uploads.get(upload) ?? []))
          return xml('CompleteMultipartUploadResult', '<ETag>"x"</ETag>')
        }
        case 'PUT': {
          const parts = upload === null ? undefined : uploads.get(upload)
          if (parts) parts[Number(searchParams.get('partNumber')) - 1] = body
          else store(key, body)
          return new Response('', { headers: { etag: '"x"' } })
        }
        case 'DELETE':
          bucket.objects.delete(key)
          return new Response(null, { status: 204 })
        default:
          return searchParams.has('list-type') ? list(searchParams) : download(key)
      }
    },
  })

  function download(key: string): Response {
    const found = bucket.objects.get(key)
    return found ? new Response(found) : new Response('', { status: 404 })
  }

  function list(query: URLSearchParams): Response {
    const after = query.get('continuation-token') ?? ''
    const keys = [...bucket.objects.keys()]
      .sort()
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
    const page = keys.slice(0, pageSize)
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>${bucket.objects.get(key)?.length}</Size></Contents>`,
    )
    const isTruncated = keys.length > pageSize
    const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
    return xml(
      'ListBucketResult',
      `<Name>${name}</Name><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}`,
    )
  }

  return Object.assign(bucket, {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.dispose]: () => void server.stop(true),
  })
}
