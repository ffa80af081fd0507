import { SITES_KEY } from '../config/file-sites.ts'
import { type LoadedSettings, type LoadInput, loadWithOrigins } from '../config/load.ts'
import { OPTIONS } from '../config/options.ts'
import { ConfigError, type ConfigProblem } from '../config/problems.ts'
import { SETTING_NAMES } from '../config/resolve.ts'
import {
  checkCertificates,
  checkOperators,
  checkSites,
  checkStoreCa,
  checkWebhookSecrets
} from './check-files.ts'

/**
 * Reads the whole configuration, and looks at all files that it names.
 *
 * @throws ConfigError with everything that is wrong
 */
export async function loadChecked(input: LoadInput): Promise<LoadedSettings> {
  const loaded = loadWithOrigins(input)
  const { settings } = loaded
  const problems = [
    ...(await checkSites(settings)),
    ...(await checkCertificates(settings, () => {})),
    ...checkStoreCa(settings),
    ...checkOperators(settings),
    ...checkWebhookSecrets(settings)
  ]
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => placed(problem, loaded)))
  return loaded
}

/** The same problem, with the place where somebody gave the option. */
export function placed(problem: ConfigProblem, { spelled }: LoadedSettings): ConfigProblem {
  const path = problem.name.split('.')
  const name = path.at(-1)
  const site = path[0] === SITES_KEY ? path.slice(1, -1).join('.') : undefined
  const key = SETTING_NAMES.find((each) => OPTIONS[each].name === name)
  return key === undefined ? problem : { ...problem, place: spelled(key, site).place }
}
