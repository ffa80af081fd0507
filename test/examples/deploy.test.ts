import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { validate } from 'dockerfile-utils'
import { parse, parseAllDocuments } from 'yaml'
import { VERBS } from '../../src/cli/verbs.ts'
import { loadSettings } from '../../src/config/load.ts'
import { flagOf } from '../../src/config/option.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { readListen } from '../../src/config/readers.ts'
import type { Settings } from '../../src/config/settings.ts'
import { packageRoot } from '../../src/package-root.ts'
import { run, startGateway } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { okUpstream } from '../helpers/upstream.ts'

// Neither Docker nor Kubernetes is needed here: what can be known of the files without them is held to the code.

const DIR = join(packageRoot, 'examples/deploy')
const read = (name: string): string => readFileSync(join(DIR, name), 'utf8')

/** What a gateway makes of these arguments, without starting. An unknown flag, variable or key is an error. */
function settingsOf(args: readonly string[], env: Record<string, string> = {}): Settings {
  const flags: Record<string, string[]> = {}
  const [verb, ...rest] = args
  assert.equal(verb, 'start')
  for (let at = 0; at < rest.length; at += 2) {
    const option = Object.values(OPTIONS).find(({ name }) => flagOf(name) === rest[at])
    const name = option?.name ?? (rest[at] === '--config' ? 'config' : undefined)
    assert.ok(name, `the flag ${rest[at]}`)
    flags[name] = [...(flags[name] ?? []), rest[at + 1]!]
  }
  return loadSettings({ flags, env })
}

function portsOf({ listen }: Settings): number[] {
  return listen.flatMap((address) => (address.kind === 'tcp' ? [address.port] : []))
}

function seconds(duration: string): number {
  return Number(/^(\d+)s?$/.exec(duration)?.[1] ?? assert.fail(duration))
}

// The Dockerfile

const lines = read('docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
const instructions = (name: string): string[] =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim())
const imageEnv = Object.fromEntries(
  instructions('ENV').flatMap((line) => line.split(/\s+/).map((pair) => pair.split('=') as [string, string]))
)

test('the Dockerfile is a valid one, ends as a user that is not root, and is stopped by TERM', () => {
  assert.deepEqual(validate(read('docker/Dockerfile')), [])
  assert.match(lines.filter((line) => line.startsWith('USER ')).at(-1) ?? '', /^USER [1-9]\d*:[1-9]\d*$/)
  assert.deepEqual(instructions('STOPSIGNAL'), ['SIGTERM'])
  assert.deepEqual(instructions('ENTRYPOINT'), ['["intermission"]'])
  assert.match(instructions('HEALTHCHECK')[0] ?? '', /CMD \["intermission", "health"\]$/)
})

test('the ports and folders of the image are those that the gateway in it uses', () => {
  const settings = settingsOf(['start'], imageEnv)
  assert.deepEqual(portsOf(settings).map(String), instructions('EXPOSE'))
  assert.deepEqual([settings.stateDir], instructions('VOLUME'))
  assert.ok(lines.some((line) => line.includes(`install -d -o 1000 -g 1000 -m 0700 ${settings.stateDir}`)))
  assert.match(instructions('FROM')[0] ?? '', /^node:(\d+)-/)
})

test('what the Dockerfile copies is there, is let in, and is enough to run', async (t) => {
  const copied = instructions('COPY').map((line) => line.split(' '))
  const sources = copied
    .filter(([first]) => !first?.startsWith('--from'))
    .flatMap((words) => words.slice(0, -1))
  const ignored = read('docker/Dockerfile.dockerignore').split('\n')
  for (const source of sources) {
    assert.ok(existsSync(join(packageRoot, source)), source)
    assert.ok(ignored.includes(`!${source}`), `${source} is let in`)
  }
  const installed = copied
    .filter(([first]) => first?.startsWith('--from'))
    .map(([, from = '']) => from.replace('/build/', ''))
  const root = join(tempDir(t), 'opt')
  mkdirSync(root)
  for (const name of installed) {
    if (name === 'node_modules') symlinkSync(join(packageRoot, name), join(root, name))
    else cpSync(join(packageRoot, name), join(root, name), { recursive: true })
  }
  const upstream = await okUpstream(t)
  const command = join(root, 'dist/src/cli/main.js')
  chmodSync(command, 0o755)
  const { url } = await startGateway(t, ['--upstream', upstream.url], { from: command })
  assert.equal((await fetch(url)).status, 200)
})

interface Service {
  build?: { context: string; dockerfile: string }
  command: string[]
  ports?: string[]
  volumes: string[]
  stop_grace_period?: string
  environment?: Record<string, string>
}

test('compose.yaml builds that Dockerfile, and its flags, ports and folders are those of the image', () => {
  const { services, volumes } = parse(read('docker/compose.yaml')) as {
    services: { gateway: Service; app: Service }
    volumes: Record<string, object>
  }
  const { gateway, app } = services
  const context = join(DIR, 'docker', gateway.build?.context ?? '')
  assert.equal(join(context, '.'), join(packageRoot, '.'))
  assert.ok(existsSync(join(context, gateway.build?.dockerfile ?? '')))
  const settings = settingsOf(gateway.command, imageEnv)
  assert.deepEqual(settings.sites[0]?.upstream, [`http://app:${app.environment?.PORT}`])
  assert.deepEqual(
    gateway.ports,
    portsOf(settings).map((port) => `${port}:${port}`)
  )
  assert.deepEqual(gateway.volumes, [`state:${settings.stateDir}`])
  assert.ok('state' in volumes)
  assert.ok(seconds(gateway.stop_grace_period ?? '') * 1000 > settings.drainTimeoutMs)
  assert.ok(existsSync(join(DIR, 'docker', app.volumes[0]!.split(':')[0]!, 'app.js')))
})

// Kubernetes

interface Manifest {
  kind: string
  metadata: { name: string }
  data: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: what is in it differs from kind to kind
  spec: any
}

const manifests = parseAllDocuments(read('kubernetes.yaml'), { version: '1.1' })
const find = (kind: string): Manifest => {
  const found = manifests.map((document) => document.toJS() as Manifest).filter((one) => one.kind === kind)
  assert.equal(found.length, 1, kind)
  return found[0]!
}

test('the manifests of Kubernetes are whole: selectors, ports, mounts and secrets lead somewhere', () => {
  for (const { errors, warnings } of manifests) assert.deepEqual([...errors, ...warnings], [])
  const { spec } = find('Deployment')
  const pod = spec.template.spec
  const [container] = pod.containers
  const { labels } = spec.template.metadata
  assert.deepEqual(spec.selector.matchLabels, labels)
  assert.deepEqual(find('Service').spec.selector, labels)
  assert.deepEqual(find('PodDisruptionBudget').spec.selector.matchLabels, labels)
  assert.deepEqual(find('NetworkPolicy').spec.podSelector.matchLabels, labels)
  assert.deepEqual(pod.topologySpreadConstraints[0].labelSelector.matchLabels, labels)
  const ports = container.ports.map(({ name }: { name: string }) => name)
  const used = [
    ...find('Service').spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort),
    ...find('NetworkPolicy').spec.ingress.flatMap((rule: { ports: { port: string }[] }) =>
      rule.ports.map(({ port }) => port)
    ),
    container.readinessProbe.httpGet.port,
    container.livenessProbe.httpGet.port
  ]
  for (const port of used) assert.ok(ports.includes(port), `the port ${port}`)
  const volumes = pod.volumes.map(({ name }: { name: string }) => name)
  assert.deepEqual(
    container.volumeMounts.map(({ name }: { name: string }) => name),
    volumes
  )
  assert.equal(pod.volumes[0].configMap.name, find('ConfigMap').metadata.name)
  assert.equal(pod.volumes[1].secret.defaultMode, 0o440)
  assert.ok(find('PodDisruptionBudget').spec.minAvailable < spec.replicas)
})

test('the gateway of the manifests starts with that configuration, is ready, and has time to drain', async (t) => {
  const { spec } = find('Deployment')
  const pod = spec.template.spec
  const [container] = pod.containers
  const file = join(tempDir(t), 'intermission.yaml')
  writeFileSync(file, find('ConfigMap').data['intermission.yaml'] ?? '')
  const mounts = new Map<string, string>(
    container.volumeMounts.map((mount: { name: string; mountPath: string }) => [mount.name, mount.mountPath])
  )
  assert.deepEqual(container.args, ['start', '--config', mounts.get('config')])
  const env = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? 'redis://redis'])
  )
  const settings = settingsOf(['start', '--config', file], { ...imageEnv, ...env })
  assert.deepEqual(
    container.ports.map(({ containerPort }: { containerPort: number }) => containerPort),
    [...portsOf(settings), settings.admin?.kind === 'tcp' ? settings.admin.port : 0]
  )
  assert.equal(settings.stateDir, mounts.get('state'))
  assert.equal(settings.adminTokenFile, join(mounts.get('secret') ?? '', 'admin-token'))
  const wait = container.lifecycle.preStop.sleep.seconds
  assert.ok((pod.terminationGracePeriodSeconds - wait) * 1000 > settings.drainTimeoutMs)

  const { adminUrl } = await startGateway(t, ['--config', file, '--store', 'memory:'])
  for (const probe of [container.readinessProbe, container.livenessProbe])
    assert.equal((await fetch(adminUrl + probe.httpGet.path)).status, 200)
})

// systemd

const unit = read('systemd/intermission.service')
const setting = (name: string): string =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? assert.fail(name)

test('systemd finds the units valid, and the service exposed to little', async (t) => {
  const analyze = requireTool(t, 'systemd-analyze')
  if (analyze === undefined) return
  const dir = tempDir(t)
  const path = join(dir, 'intermission.service')
  writeFileSync(path, unit.replaceAll('/usr/bin/intermission', process.execPath))
  const socket = join(dir, 'intermission.socket')
  writeFileSync(socket, read('systemd/intermission.socket'))
  const verified = await run(t, analyze, ['verify', '--man=no', path, socket])
  assert.deepEqual([verified.code, verified.stdout, verified.stderr], [0, '', ''])
  // Of 100; it is what docs/deploying.md says, and fails when somebody takes a protection away.
  const { code, stdout } = await run(t, analyze, ['security', '--offline=true', '--threshold=18', path])
  assert.equal(code, 0, stdout)
})

test('the unit starts the gateway with its configuration, and gives it time to drain', () => {
  const file = join(DIR, 'systemd/intermission.yaml')
  const [command, ...args] = setting('ExecStart').split(' ')
  assert.equal(command, '/usr/bin/intermission')
  assert.equal(args.at(-1), `/etc/${setting('ConfigurationDirectory')}/intermission.yaml`)
  const settings = settingsOf([...args.slice(0, -1), file], {
    STATE_DIRECTORY: `/var/lib/${setting('StateDirectory')}`,
    ...Object.fromEntries([setting('Environment').split('=') as [string, string]])
  })
  const [held] = /(?<=^ListenStream=).*$/m.exec(read('systemd/intermission.socket')) ?? []
  assert.deepEqual(settings.listen, [readListen(held ?? '', { env: {}, baseDir: '/', stateDir: '' })].flat())
  assert.deepEqual(settings.admin, { kind: 'unix', path: `/run/${setting('RuntimeDirectory')}/admin.sock` })
  assert.ok(seconds(setting('TimeoutStopSec')) * 1000 > settings.drainTimeoutMs)
  assert.equal(setting('RestartPreventExitStatus'), '2')
  // By default systemd would not listen to the process that speaks for the gateway.
  assert.deepEqual([setting('Type'), setting('NotifyAccess')], ['notify', 'all'])
  const [reload, verb] = setting('ExecReload').split(' ')
  assert.equal(reload, command)
  assert.ok(VERBS.some(({ name }) => name === verb))
})
