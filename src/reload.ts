import type { ReloadNow, ReloadOutcome, ReloadProblem } from './admin/reload-routes.ts'
import { changedOptions, refuseFixed } from './config/difference.ts'
import type { LoadedSettings } from './config/load.ts'
import { ConfigError } from './config/problems.ts'
import { InputError, IntermissionError } from './errors.ts'
import { CertificateError } from './listeners/certificates.ts'
import type { Sample } from './metrics/samples.ts'
import type { ServiceManager } from './service-manager.ts'

export interface ReloadDeps {
  /** What is in force. */
  loaded: LoadedSettings
  /** Reads the configuration anew. Throws what is wrong with it. */
  load(): Promise<LoadedSettings>
  /** Puts it into force, all of it or nothing. */
  apply(next: LoadedSettings): Promise<void>
  log(level: 'info' | 'error', fields: object, text: string): void
  /** Told when one begins, and what came of it. */
  manager: Pick<ServiceManager, 'reloading' | 'ready'>
  /** Whether the process is about to end. */
  isStopping(): boolean
}

export interface Reload {
  /** What is in force. */
  readonly loaded: LoadedSettings
  /** One after the other; never rejects. */
  readonly now: ReloadNow
  samples(): Sample[]
}

const STOPPING: ReloadProblem = { name: 'reload', place: null, text: 'the gateway is stopping' }

export function createReload({ loaded, load, apply, log, manager, isStopping }: ReloadDeps): Reload {
  let last: Promise<unknown> = Promise.resolve()
  let isLastGood = true
  let loadedMs = Date.now()
  const counts = { ok: 0, refused: 0 }

  async function run(by: string): Promise<ReloadOutcome> {
    // What it opened would be closed in a moment.
    if (isStopping()) return { isDone: false, problems: [STOPPING] }
    manager.reloading()
    try {
      const next = await load()
      refuseFixed(loaded, next)
      const changed = changedOptions(loaded, next)
      await apply(next)
      loaded = next
      counts.ok++
      isLastGood = true
      loadedMs = Date.now()
      log('info', { by, changed }, 'configuration reloaded')
      manager.ready('serving')
      return { isDone: true, at: new Date(loadedMs).toISOString(), changed }
    } catch (error) {
      counts.refused++
      isLastGood = false
      const problems = problemsOf(error)
      const err = error instanceof IntermissionError ? undefined : error
      log('error', { by, problems, err }, 'reload refused; the configuration stays as it was')
      manager.ready('serving, by the configuration of before: the last reload was refused')
      return { isDone: false, problems }
    }
  }

  return {
    get loaded() {
      return loaded
    },
    now(by) {
      const outcome = last.then(() => run(by))
      last = outcome
      return outcome
    },
    samples: () => [
      { name: 'intermission_reloads_total', labels: { outcome: 'ok' }, value: counts.ok },
      { name: 'intermission_reloads_total', labels: { outcome: 'refused' }, value: counts.refused },
      { name: 'intermission_config_last_reload_successful', labels: {}, value: Number(isLastGood) },
      {
        name: 'intermission_config_last_reload_success_timestamp_seconds',
        labels: {},
        value: loadedMs / 1000
      }
    ]
  }
}

function problemsOf(error: unknown): readonly ReloadProblem[] {
  if (error instanceof ConfigError) return error.problems
  if (error instanceof InputError || error instanceof CertificateError)
    return [{ name: error.field, place: null, text: error.message.slice(error.field.length + 2) }]
  const text = error instanceof IntermissionError ? error.message : 'this went wrong here; the log says why'
  return [{ name: 'reload', place: null, text }]
}
