/** Options of where the state is kept and who shares it, in the order of help and README. */
import { maskRedisUrl } from '../redis-url.ts'
import type { OptionTable } from './option.ts'
import { choice, duration, path } from './option-kinds.ts'
import * as read from './readers.ts'
import { readWorkers } from './workers.ts'

type StoreSetting = 'workers' | 'store' | 'storeCa' | 'fleet' | 'fencing' | 'coldStart' | 'coldStartGraceMs'

export const STORE_OPTIONS: Pick<OptionTable, StoreSetting> = {
  workers: {
    name: 'workers',
    metavar: 'N|auto',
    scalar: 'number',
    description: 'processes that serve, with their own limits each; auto is one for each core',
    defaultText: '1',
    read: readWorkers,
    fallback: () => 1
  },
  store: {
    name: 'store',
    metavar: 'URL',
    description:
      'where the mode is kept: file: (in the state folder), file:PATH, memory: (lost at a stop), or redis://host:6379 for gateways on several hosts',
    defaultText: 'file:',
    mask: maskRedisUrl,
    read: read.readStore,
    fallback: ({ stateDir }) => read.defaultStore(stateDir),
    show: maskRedisUrl
  },
  storeCa: path('storeCa', 'FILE', 'PEM certificates to verify a rediss: store with', 'the well-known ones'),
  fleet: {
    name: 'fleet',
    metavar: 'NAME',
    description: 'gateways of the same name in the same Redis store share their modes',
    defaultText: 'default',
    read: read.readFleet,
    fallback: () => 'default'
  },
  fencing: choice(
    'fencing',
    ['off', 'strict'],
    'strict: let nobody through while Redis has not been heard of for 3.5 s, so that waits need not wait for a lost gateway'
  ),
  coldStart: choice(
    'coldStart',
    ['cached', 'hold', 'pass'],
    'a start while Redis is gone: go by the copy on this machine, let nobody through, or without a copy let everybody through'
  ),
  coldStartGraceMs: duration(
    'coldStartGrace',
    '10s',
    'how long such a start waits for Redis, before it does that'
  )
}
