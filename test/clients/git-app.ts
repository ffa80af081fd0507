/** Git's own server side for HTTP, `git http-backend`, as a web app: a CGI program behind Node. */
import { spawn } from 'node:child_process'
import { createGunzip } from 'node:zlib'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

export interface GitApp extends Upstream {
  /** How many requests came with a body in chunks, and how many with a compressed one. */
  readonly bodies: { chunked: number; gzip: number }
}

/** Serves the repositories below a folder to everybody, for fetching and for pushing. */
export async function gitApp(t: Cleanup, git: string, root: string, unix = false): Promise<GitApp> {
  const bodies = { chunked: 0, gzip: 0 }
  const app = await httpUpstream(
    t,
    (request, response) => {
      const url = new URL(request.url ?? '/', 'http://git.example')
      const { headers, method = 'GET' } = request
      const gzip = headers['content-encoding'] === 'gzip'
      if (gzip) bodies.gzip++
      if (headers['transfer-encoding'] === 'chunked') bodies.chunked++
      const backend = spawn(git, ['http-backend'], {
        env: {
          PATH: process.env.PATH,
          GIT_PROJECT_ROOT: root,
          GIT_HTTP_EXPORT_ALL: '1',
          GIT_HTTP_MAX_REQUEST_BUFFER: '100M',
          REMOTE_USER: 'tester',
          REMOTE_ADDR: '127.0.0.1',
          REQUEST_METHOD: method,
          PATH_INFO: url.pathname,
          QUERY_STRING: url.search.slice(1),
          CONTENT_TYPE: headers['content-type'] ?? '',
          ...(headers['content-length'] && !gzip ? { CONTENT_LENGTH: headers['content-length'] } : {}),
          ...(headers['git-protocol'] ? { GIT_PROTOCOL: String(headers['git-protocol']) } : {})
        },
        stdio: ['pipe', 'pipe', 'inherit']
      })
      backend.stdin.on('error', () => {})
      if (gzip) request.pipe(createGunzip()).pipe(backend.stdin)
      else request.pipe(backend.stdin)
      response.on('close', () => backend.kill())
      let head: Buffer | null = Buffer.alloc(0)
      backend.stdout.on('data', (bytes: Buffer) => {
        if (head === null) {
          if (!response.write(bytes)) backend.stdout.pause()
          return
        }
        head = Buffer.concat([head, bytes])
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        const rest = head.subarray(end + 4)
        writeHead(head.toString('latin1', 0, end))
        head = null
        response.write(rest)
      })
      response.on('drain', () => backend.stdout.resume())
      backend.on('close', () => response.end())

      // CGI (RFC 3875 section 6): the status is a field of its own.
      function writeHead(text: string): void {
        let status = 200
        const fields: string[] = []
        for (const line of text.split('\r\n')) {
          const [name = '', value = ''] = line.split(/:\s*(.*)/s)
          if (/^status$/i.test(name)) status = Number.parseInt(value, 10)
          else fields.push(name, value)
        }
        response.writeHead(status, fields)
      }
    },
    { unix }
  )
  return Object.assign(Object.create(app) as Upstream, { bodies })
}
