// Runs the test files with node:test. Node 20 has no globs in `node --test`, so this lists them.
// usage: node test/tools/run.js [part of a file name ...]
// Without a name it leaves out what takes long: real clients and endurance, which `npm run test:long` runs.
// Tests start the built command, which starts twice as fast as the sources do. So what has changed is built first.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const wanted = process.argv.slice(2)
const LONG = [join('test', 'clients'), join('test', 'endurance')]
const isLong = (name) => LONG.some((folder) => name.startsWith(folder))
const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => (wanted.length === 0 ? !isLong(name) : wanted.some((part) => name.includes(part))))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`)
  process.exit(2)
}
if (wanted.length === 0) console.log('left out: test/clients and test/endurance, see npm run test:long')
buildWhatIsOld()
const options = [
  // Tests wait for sockets and timers more than they compute; Node's default of cores - 1 leaves small machines idle. Those
  // that take long measure times under load, and would measure each other.
  `--test-concurrency=${files.some(isLong) ? 1 : Math.max(2, availableParallelism())}`,
  // A file that hangs is a failure with a name, not a build that never ends. The full size takes its time.
  `--test-timeout=${process.env.INTERMISSION_FULL ? 3_600_000 : 300_000}`,
  // The same on a terminal and in a log, on every version: Node's default differs in both.
  '--test-reporter=spec'
]
const child = spawn(process.execPath, ['--import', 'tsx', '--test', ...options, ...files], {
  cwd: root,
  stdio: 'inherit'
})
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))

// Without looking at types, which `npm run typecheck` does: half the time.
function buildWhatIsOld() {
  const changedMs = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = ['src', 'plugins'].flatMap((folder) => [
    folder,
    ...readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name))
  ])
  const newestMs = Math.max(...['package.json', 'tsconfig.json', ...sources].map(changedMs))
  // What a build writes last.
  if (changedMs('dist/config.schema.json') > newestMs) return
  const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  node('node_modules/typescript/bin/tsc', '--noCheck')
  node('dist/src/cli/build-files.js')
}
