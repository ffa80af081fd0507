/** Mixed traffic and everything that may happen to a gateway, for minutes or hours; in the end a verdict. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '../helpers/certificate.ts'
import { callGateway, settled } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { createEvents, startApp } from './events.ts'
import { type Figures, growth, inWords, probed, readFigures } from './figures.ts'
import { createTimeline } from './timeline.ts'
import { createTraffic, type Tally } from './traffic.ts'

export interface SoakOptions {
  minutes: number
  /** How many quiet moments there are in which figures are taken. Default: one a minute, and at least six. */
  moments?: number
  say(line: string): void
}

export interface Verdict {
  tally: Tally
  moments: Figures[]
  /** How often each event came. */
  events: Record<string, number>
  /** What is wrong; nothing when it has passed. */
  problems: string[]
}

const BETWEEN_EVENTS_MS = 1500
/** Longer than fetch keeps an idle connection, so that what is left is the gateway's own. */
const QUIET_MS = 6000
/** Every second reload is broken. */
const EXPECTED = /"msg":"reload refused/
const SETTLED_WITHIN_MS = 10_000

export async function soak(t: Cleanup, { minutes, moments: wished, say }: SoakOptions): Promise<Verdict> {
  const app = await startApp(t)
  const dir = tempDir(t)
  const [configFile, figuresFile] = [join(dir, 'config.yaml'), join(dir, 'figures')]
  writeFileSync(configFile, 'brandName: Soak\n')
  const { certPath, keyPath } = makeCertificate(t)
  const gateway = await startGateway(
    t,
    [
      ...['--config', configFile, '--upstream', app.url, '--access-log', 'off'],
      ...['--listen', 'http://127.0.0.1:0', '--listen', 'https://127.0.0.1:0'],
      ...['--tls-cert', certPath, '--tls-key', keyPath, '--http2', 'on']
    ],
    probed(figuresFile)
  )
  const httpsUrl = await gateway.waitFor(/^intermission listening on (https:\S+)$/m)
  const timeline = createTimeline()
  const ca = readFileSync(certPath)
  const traffic = createTraffic({ url: gateway.url, httpsUrl, ca }, timeline)
  const events = createEvents(gateway, app, timeline, configFile)

  const moments: Figures[] = []
  const counts: Record<string, number> = {}
  const count = wished ?? Math.max(6, Math.round(minutes))
  const fromMs = performance.now()
  for (let moment = 1; moment <= count; moment++) {
    const untilMs = fromMs + (moment * minutes * 60_000) / count
    traffic.begin()
    while (performance.now() < untilMs - QUIET_MS) {
      const names = Object.keys(events)
      // Each comes before any comes again, so that a short run has seen them all.
      const fewest = Math.min(...names.map((name) => counts[name] ?? 0))
      const next = names.filter((name) => (counts[name] ?? 0) === fewest)
      const name = next[Math.floor(Math.random() * next.length)]!
      await events[name]!()
      counts[name] = (counts[name] ?? 0) + 1
      await sleep(BETWEEN_EVENTS_MS)
    }
    await traffic.pause()
    await settled(gateway, SETTLED_WITHIN_MS)
    await sleep(QUIET_MS)
    const figures = await readFigures(gateway.pid, figuresFile)
    moments.push(figures)
    const seconds = Math.round((performance.now() - fromMs) / 1000)
    say(`${seconds} s: ${traffic.tally.visits} visits; ${inWords(figures)}`)
  }
  return {
    tally: traffic.tally,
    moments,
    events: counts,
    problems: await problems(gateway, traffic.tally, moments)
  }
}

async function problems(gateway: GatewayProcess, tally: Tally, moments: Figures[]): Promise<string[]> {
  const found = Object.entries(tally.unexpected).map(([outcome, count]) => `${count} x ${outcome}`)
  found.push(...growth(moments))
  if (gateway.stderr !== '') found.push(`it wrote to stderr: ${gateway.stderr.slice(0, 1000)}`)
  const bad = gateway.stdout
    .split('\n')
    .filter((line) => /"level":(50|60)/.test(line) && !EXPECTED.test(line))
  if (bad.length > 0) found.push(`${bad.length} lines of errors: ${bad[0]}`)
  const status = await callGateway(gateway, 'GET', '/status')
  if (status.mode !== 'live') found.push(`the mode is ${String(status.mode)}`)
  const { code } = await gateway.stop()
  if (code !== 0) found.push(`it ended with ${code}`)
  return found
}
