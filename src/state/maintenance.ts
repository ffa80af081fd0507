import { type Control, type ControlDeps, openControl } from './control.ts'
import type { Maintenance } from './site.ts'

export type { ChangedDocument, Maintenance } from './site.ts'

/** The mode of one site, with the control that it is from. */
export interface OpenMaintenance extends Maintenance {
  /** The control that it is from: windows, links, the record of changes. */
  readonly control: Control
}

/** As for openControl(), with one site. */
export interface MaintenanceDeps extends Omit<ControlDeps, 'sites'> {
  /** Default: `default`. */
  site?: string
}

/**
 * Reads the mode of one site from the store and follows it. What was due meanwhile has happened when the promise
 * resolves.
 *
 * @throws as {@link openControl}
 */
export async function openMaintenance(deps: MaintenanceDeps): Promise<OpenMaintenance> {
  const { site = 'default', ...rest } = deps
  const control = await openControl({ ...rest, sites: [site] })
  // What it is reads from memory by getters, which a copy would freeze.
  return Object.assign(Object.create(control.site(site)) as Maintenance, { control, close: control.close })
}
