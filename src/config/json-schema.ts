import type { OptionSpec } from './option.ts'
import { OPTIONS } from './options.ts'
import { SITE_OPTIONS } from './site-options.ts'

/** A schema, or a part of one (JSON Schema 2020-12, of which editors know the parts that are used here). */
export type JsonSchema = { [keyword: string]: unknown }

/** What a schema can tell of an option. */
type Described = Pick<
  OptionSpec<unknown>,
  'metavar' | 'values' | 'scalar' | 'list' | 'description' | 'defaultText'
>

/** What the `DUR` of the help looks like; what it means is told by `src/duration.ts`. */
const DURATION = '^(?:(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+|P(?:\\d+D)?(?:T[\\dHMS.]+)?)$'

/**
 * The schema of the configuration file, for editors that complete and check while somebody types. What start itself
 * checks goes further.
 *
 * @param version of the package: another one may have other options
 */
export function configSchema(version: string): JsonSchema {
  const ofSite = propertiesOf(SITE_OPTIONS)
  const site = {
    description: 'one site; what it does not say is inherited from the top level, and null is the default',
    type: 'object',
    additionalProperties: false,
    required: ['hosts'],
    properties: Object.fromEntries(
      Object.entries(ofSite).map(([name, schema]) => [name, { anyOf: [schema, { type: 'null' }] }])
    )
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:fastify-intermission:config:${version}`,
    title: `Configuration of intermission ${version}`,
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      ...propertiesOf(OPTIONS),
      sites: {
        description: 'sites besides the one that the top level describes, by name',
        type: 'object',
        additionalProperties: site
      }
    }
  }
}

function propertiesOf(options: Readonly<Record<string, Described & { name: string }>>): {
  [name: string]: JsonSchema
} {
  return Object.fromEntries(Object.values(options).map((option) => [option.name, schemaOf(option)]))
}

function schemaOf(option: Described): JsonSchema {
  const one = schemaOfOne(option)
  const all = option.list === true ? { anyOf: [one, { type: 'array', items: one }] } : one
  return { description: `${option.description} (default: ${option.defaultText})`, ...all }
}

function schemaOfOne({ metavar, values, scalar, list }: Described): JsonSchema {
  const words = values ?? metavar?.split('|') ?? ['on', 'off']
  if (scalar === 'boolean') return { enum: [true, false, ...words] }
  if (scalar === 'number') return { type: ['integer', 'string'] }
  if (metavar === 'DUR') return { type: 'string', pattern: DURATION, examples: ['500ms', '30s', '1h30m'] }
  // Several values may stand in one text, with commas between them.
  const isClosed = words.every((word) => /^[a-z][a-z-]*$/.test(word)) && list !== true
  return isClosed ? { enum: words } : { type: 'string' }
}
