/**
 * What is asked of every candidate.
 *
 * name, title, kind (how a candidate is set up, see candidates/index.js), tool (lib/tools.js), connections,
 * answer (what the first request must get), counts (`bytes` where a round has too few whole answers to count them).
 */
const KiB = 1024
const MiB = 1024 * KiB

const APP_HEADERS = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'application/json, text/plain, */*',
  'Accept-Language': 'en-GB,en;q=0.8,fr;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1oZXJl',
  Cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark; consent=1; _ga=GA1.2.1234567890.1700000000',
  Referer: 'https://shop.example.org/catalogue?page=3',
  Origin: 'https://shop.example.org',
  DNT: '1',
  'Sec-GPC': '1',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Site': 'same-origin',
  Priority: 'u=4',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache',
  'X-Requested-With': 'XMLHttpRequest',
  'X-CSRF-Token': 'f3a1c9b27d5e4806',
  'X-Client-Version': '2026.11.3',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
}
const PAGE_READER = { Accept: 'text/html' }
const query = Array.from({ length: 8 }, (_, i) => `filter%5B${i}%5D=value+${i}%2C%C3%A9`).join('&')

const plain = (path, bytes) => ({ kind: 'forward', tool: 'wrk', path, answer: { status: 200, bytes } })

export const loads = [
  { name: 'small-get', title: 'GET, 100 B', connections: 64, ...plain('/100', 100) },
  {
    name: 'query-headers',
    title: 'GET with a query and 20 headers, 100 B',
    connections: 64,
    headers: APP_HEADERS,
    ...plain(`/100?${query}`, 100)
  },
  { name: '16k', title: 'GET, 16 KB', connections: 64, ...plain('/16k', 16 * KiB) },
  { name: '1m', title: 'GET, 1 MB', connections: 16, counts: 'bytes', ...plain('/1m', MiB) },
  { name: '100m', title: 'GET, 100 MB', connections: 4, counts: 'bytes', ...plain('/100m', 100 * MiB) },
  {
    name: 'post-10k',
    title: 'POST, 10 KB up, 100 B down',
    connections: 64,
    upload: 10 * KiB,
    ...plain('/upload', 100)
  },
  {
    name: 'gate-503',
    title: 'Maintenance: the proxy answers 503 with a 2 KB page',
    kind: 'gate',
    tool: 'wrk',
    connections: 64,
    headers: PAGE_READER,
    path: '/100',
    answer: { status: 503, bytes: 2 * KiB }
  },
  {
    name: 'dead-502',
    title: 'Dead upstream: the proxy answers 502 with a 2 KB page',
    kind: 'dead',
    tool: 'wrk',
    connections: 64,
    headers: PAGE_READER,
    path: '/100',
    answer: { status: 502, bytes: 2 * KiB }
  },
  {
    name: 'websocket',
    title: 'WebSocket echo, 100 B, one message in flight on each connection',
    kind: 'websocket',
    tool: 'websocket',
    connections: 64,
    path: '/echo'
  },
  {
    name: 'h2-small-get',
    title: 'HTTP/2 over TLS, GET, 100 B',
    kind: 'http2',
    tool: 'h2load',
    connections: 16,
    path: '/100',
    answer: { status: 200, bytes: 100 }
  },
  {
    name: 'idle-memory',
    title: 'Memory with 5,000 idle keep-alive connections',
    kind: 'forward',
    tool: 'idle',
    connections: 5000,
    path: '/100',
    answer: { status: 200, bytes: 100 }
  }
]
