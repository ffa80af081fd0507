/** What the admin API shows without a token: the page that asks for one, and pages to be looked at beforehand. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { publicDir } from '../package-root.ts'
import type { Previews } from './previews.ts'

export interface OpenFile {
  /** Its type among them. */
  headers: Readonly<Record<string, string>>
  content: string | Buffer
}

/** An address for GET that needs no token. */
export interface OpenRoute {
  /** With placeholders such as `:id`. */
  path: string
  find(params: Readonly<Record<string, string>>): OpenFile | undefined
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8'
}
// It runs its own files, talks to its own origin, shows previews of that origin, and is shown in nobody's frame.
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer'
}

/** @param withPage whether `/` and what is below `/ui/` are the admin page */
export function openRoutes(previews: Previews, withPage: boolean): OpenRoute[] {
  const preview: OpenRoute = { path: '/preview/:id', find: ({ id = '' }) => previewFile(previews, id) }
  if (!withPage) return [preview]
  const files = readPage()
  return [
    preview,
    { path: '/', find: () => files.get('index.html') },
    { path: '/ui/:file', find: ({ file = '' }) => files.get(file) }
  ]
}

// As visitors get it, but nothing in it may run or reach out.
function previewFile(previews: Previews, id: string): OpenFile | undefined {
  const page = previews.find(id)
  if (page === undefined) return undefined
  const policy = page.policy === null ? '' : `; ${page.policy}`
  return {
    headers: {
      'content-type': page.contentType,
      'content-security-policy': `sandbox; frame-ancestors 'self'${policy}`
    },
    content: page.html
  }
}

function readPage(): Map<string, OpenFile> {
  const folder = join(publicDir, 'admin')
  const files = new Map<string, OpenFile>()
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const headers = { 'content-type': type, ...PAGE_HEADERS }
    files.set(name, { headers, content: readFileSync(join(folder, name), 'utf8') })
  }
  return files
}
