/** As much of a browser as a login needs: a cookie jar and forms. Redirects are left to the test to see and follow. */
export interface Browser {
  get(path: string): Promise<Page>
  /** Sends a form as a browser does, with `Origin` and `Referer`. */
  post(path: string, fields: Record<string, string>): Promise<Page>
  /** Names of the cookies it holds. */
  cookies(): string[]
}

export interface Page {
  status: number
  headers: Headers
  body: string
  /** Where a redirect leads, as a path. */
  location: string | null
  /** The value of a form's field by its name. */
  field(name: string): string
}

export function openBrowser(origin: string): Browser {
  const jar = new Map<string, string>()

  async function load(path: string, init: RequestInit): Promise<Page> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie ? { cookie } : {}), ...init.headers }
    const response = await fetch(origin + path, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(jar, line)
    const body = await response.text()
    const location = response.headers.get('location')
    return {
      status: response.status,
      headers: response.headers,
      body,
      location: location === null ? null : location.replace(origin, ''),
      field: (name) => fieldOf(body, name)
    }
  }

  return {
    get: (path) => load(path, {}),
    post: (path, fields) =>
      load(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { origin, referer: origin + path }
      }),
    cookies: () => [...jar.keys()]
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(/;\s*/)
  const [name = '', value = ''] = pair.split(/=(.*)/s)
  if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) jar.delete(name)
  else jar.set(name, value)
}

function fieldOf(html: string, name: string): string {
  const input = html.match(/<input[^>]*>/g)?.find((tag) => tag.includes(`name="${name}"`))
  return /value="([^"]*)"/.exec(input ?? '')?.[1] ?? ''
}
