import { InputError, IntermissionError } from '../errors.ts'

/** Where a gate gets the state of its site from. */
export interface StateSource {
  store?: { subscribe: unknown }
  site?: unknown
  maintenance?: { enter: unknown }
}

/** @throws InputError, or IntermissionError ERR_PLUGIN_MISUSE for two ways at once */
export function checkStateSource({ store, site, maintenance: given }: StateSource): void {
  if (given !== undefined && (store !== undefined || site !== undefined)) {
    throw new IntermissionError(
      'ERR_PLUGIN_MISUSE',
      'maintenance: give either an open maintenance, or the store and site to open one from'
    )
  }
  if (given !== undefined && typeof given?.enter !== 'function') {
    throw new InputError('maintenance', typeof given, 'what openMaintenance() gives')
  }
  if (store !== undefined && typeof store?.subscribe !== 'function') {
    throw new InputError(
      'store',
      typeof store,
      'a store such as createMemoryStore() or createFileStore() gives'
    )
  }
  if (site !== undefined && (typeof site !== 'string' || site === '')) {
    throw new InputError('site', site, 'the name of a site')
  }
}
