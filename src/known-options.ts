import { IntermissionError } from './errors.ts'
import { suggestion } from './near.ts'

/** What Fastify itself reads of the options of every plugin. */
const OF_FASTIFY = ['prefix', 'logLevel', 'logSerializers']

/**
 * Refuses options that nobody reads: a slip such as `bypasPaths` would otherwise do nothing, and nobody would notice.
 *
 * @param place what the options are of, such as `maintenance`
 * @param known the name of every option; the values mean nothing
 * @throws IntermissionError ERR_PLUGIN_MISUSE. The value stays out of it, since it may be a secret.
 */
export function refuseUnknown(place: string, options: object, known: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name) || OF_FASTIFY.includes(name)) continue
    const text = `${place}: there is no option ${name}; ${suggestion(name, Object.keys(known))}`
    throw new IntermissionError('ERR_PLUGIN_MISUSE', text)
  }
}
