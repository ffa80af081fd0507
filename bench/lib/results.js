import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const resultsFile = fileURLToPath(new URL('../RESULTS.md', import.meta.url))

const HOW_TO_READ = `## How to read this

- **CPU µs/request** is what the operating system charged to the processes of a proxy, user and system, divided by the
  requests that were answered. It is the figure to compare: it says how much of a machine a proxy takes for the same work.
- **÷ limit** and **÷ nginx** are multiples of the figure of bare \`node:http\` + undici, which does nothing but forward,
  and of nginx. For CPU less is better, for requests a second more. A ratio is taken within each round; shown are the
  median of the rounds and, in brackets, the lowest and the highest.
- Trust ratios of one table, and less of them the more of the machine others had meanwhile (that is said below each table).
  The absolute figures drift with the machine by a factor of two between hours.
- **requests/s** of the fast ones are bounded by the load generator and the upstream, which share one core; there the
  proxy's own core is not busy, and only its CPU per request tells.
- The candidates run alone in one process and are warm. nginx, HAProxy, Caddy and Intermission add X-Forwarded-*; the
  limit does not. Nobody but the candidate that says so writes an access log. Connections to the upstream are kept by all.
- Memory: **MiB** is the resident set after the last round. A row with a wrong answer or a broken connection is invalid.
- For 1 MB and 100 MB a request is that many bytes received, so that answers cut off at the end of a round count.
`

/** Writes bench/RESULTS.md. */
export function writeResults(about, sections) {
  const parts = [
    '# What a request costs',
    'Made by `npm run bench -- --write`.',
    about.join('\n'),
    ...sections
  ]
  writeFileSync(resultsFile, `${[...parts, HOW_TO_READ.trim()].join('\n\n')}\n`)
}
