/** What Intermission promises of its cost: CPU per request of one candidate as a multiple of that of another. */
import { isUsable, ratio } from './statistics.js'

const OTHER_NODE = ['http-proxy', 'http-proxy-3', 'httpxy', 'fast-proxy']
const us = 'intermission'

const dearer = (load, than, times) => ({ load, of: than, to: us, atLeast: times })
const against = (load) => [
  dearer(load, ['fastify-http-proxy'], 1.8),
  dearer(load, OTHER_NODE, 1.5),
  dearer(load, ['caddy'], 1.3)
]

export const goals = [
  { load: 'small-get', of: [us], to: 'limit', atMost: 1.0 },
  { load: 'small-get', of: ['intermission-access-log'], to: 'limit', atMost: 1.25 },
  ...against('small-get'),
  ...against('16k'),
  ...against('post-10k'),
  { load: '1m', of: [us], to: 'nginx', atMost: 1.2 },
  { load: 'gate-503', of: [us], to: 'limit', atMost: 1.1 },
  dearer('dead-502', ['nginx'], 1.4)
]

/** @param results a Map of a load's name to its rows. @returns those goals that this run can tell about */
export function judgeGoals(results) {
  return goals.flatMap((goal) => {
    const rows = results.get(goal.load)?.rows ?? []
    const find = (name) => rows.find(({ candidate }) => candidate.name === name)
    // Of several others the cheapest counts.
    const measured = goal.of.flatMap((name) => {
      const found = isUsable(find(name)) ? ratio(find(name), find(goal.to), 'cpuMicros') : undefined
      return found ? [{ name, ...found }] : []
    })
    if (measured.length === 0) return []
    const best = measured.reduce((least, one) => (one.median < least.median ? one : least))
    const met = goal.atMost === undefined ? best.median >= goal.atLeast : best.median <= goal.atMost
    const nginx = ratio(find(us), find('nginx'), 'cpuMicros')
    return [{ ...goal, measured: best, met, nginx }]
  })
}
