import { IntermissionError } from './errors.ts'
import { suggestion } from './near.ts'

/** What Fastify itself reads of the options of every plugin. */
const OF_FASTIFY = ['logLevel', 'logSerializers']

// Fastify reads it too, but not of a plugin that decorates the app it is registered in: there everything would go to it.
const INSTEAD_OF_PREFIX = 'register it within a plugin of yours that has the prefix'

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
    const hint = name === 'prefix' ? INSTEAD_OF_PREFIX : suggestion(name, Object.keys(known))
    const text = `${place}: there is no option ${name}; ${hint}`
    throw new IntermissionError('ERR_PLUGIN_MISUSE', text)
  }
}
