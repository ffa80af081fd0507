import type { StateDocument } from './document.ts'

/** A log such as that of Fastify. */
interface Log {
  info(fields: object, text: string): void
  /** What every line of it holds. */
  bindings?: () => object
}

/** One line for each change of the mode of a site. */
export function logChange(log: Log, { site, mode, revision, by, reason, until }: StateDocument): void {
  const change = { mode, revision, by, reason, until }
  const text = mode === 'live' ? 'maintenance left' : `${mode} entered`
  // The log of a gateway with several sites names the site in every line by itself.
  const isNamed = 'site' in (log.bindings?.() ?? {})
  log.info(isNamed ? change : { site, ...change }, text)
}
