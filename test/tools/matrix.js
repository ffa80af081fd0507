// Runs the tests on other versions of Node, whose binaries come from npm packages that need no install script.
// usage: node test/tools/matrix.js [major ...]      default: 20 22 24, without the one that runs this
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const given = process.argv.slice(2)
const running = process.versions.node.split('.')[0]
const majors = given.length > 0 ? given : ['20', '22', '24'].filter((major) => major !== running)

for (const major of majors) {
  const node = major === running ? process.execPath : installNode(major)
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\ntests on Node ${version}`)
  // First in PATH, so that every `node`, npm and npx that a test starts is of this version too.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  const { status } = spawnSync(node, [join(root, 'test/tools/run.js')], { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`tests on Node ${version} failed`)
    process.exit(1)
  }
}

// Kept in .node/ between runs; a major is installed once.
function installNode(major) {
  const name = `node-${process.platform}-${process.arch}`
  const prefix = join(root, '.node', major)
  const node = join(prefix, 'node_modules', name, 'bin', 'node')
  if (!existsSync(node)) {
    const args = [
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefix',
      prefix,
      `${name}@${major}`
    ]
    execFileSync('npm', args, { cwd: root, stdio: 'inherit' })
  }
  return node
}
