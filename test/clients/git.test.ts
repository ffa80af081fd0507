import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { run, startGateway } from '../helpers/process.ts'
import { MIB } from '../helpers/scale.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { gitApp } from './git-app.ts'

/** Nothing of the developer's own settings, and nobody to ask. */
const ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@a.example',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@a.example'
}

/** More than git holds back to learn its length (http.postBuffer), so that it goes out in chunks. */
const LARGE_BYTES = 20 * MIB

for (const unix of [false, true]) {
  test(`git clones, pushes and fetches over ${unix ? 'a unix socket' : 'TCP'}`, async (t) => {
    const tool = requireTool(t, 'git')
    if (tool === undefined) return
    const dir = tempDir(t)
    const git = async (cwd: string, ...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(t, tool, args, { cwd: join(dir, cwd), env: ENV })
      assert.equal(code, 0, `git ${args.join(' ')}\n${stderr}`)
      return stdout.trim()
    }
    const app = await gitApp(t, tool, join(dir, 'server'), unix)
    const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])
    await git('', 'init', '--quiet', '--bare', '--initial-branch=main', 'server/it.git')
    await git('server/it.git', 'config', 'http.receivepack', 'true')
    const remote = `${gateway.url}/it.git`

    await t.test('an empty repository is cloned, and a first commit is pushed', async () => {
      await git('', 'clone', '--quiet', remote, 'one')
      writeFileSync(join(dir, 'one/large'), randomBytes(LARGE_BYTES))
      writeFileSync(join(dir, 'one/grüß.txt'), 'hello\n')
      await git('one', 'add', '.')
      await git('one', 'commit', '--quiet', '-m', 'first')
      await git('one', 'push', '--quiet', 'origin', 'HEAD:main')
      assert.ok(app.bodies.chunked > 0)
      assert.equal(await git('server/it.git', 'rev-parse', 'main'), await git('one', 'rev-parse', 'HEAD'))
    })

    await t.test('it is cloned again, whole, by protocol versions 0, 1 and 2', async (t) => {
      for (const version of ['0', '1', '2']) {
        const to = `clone-${version}`
        await git('', '-c', `protocol.version=${version}`, 'clone', '--quiet', remote, to)
        assert.equal(digest(join(dir, to, 'large')), digest(join(dir, 'one/large')))
        assert.equal(await git(to, 'fsck', '--strict'), '')
      }
      t.diagnostic(`${app.bodies.chunked} bodies in chunks, ${app.bodies.gzip} compressed`)
    })

    await t.test('small pushes and fetches go back and forth', async () => {
      for (let n = 0; n < 5; n++) {
        const [from, to] = n % 2 === 0 ? ['one', 'clone-2'] : ['clone-2', 'one']
        await git(from, 'commit', '--quiet', '--allow-empty', '-m', `commit ${n}`)
        await git(from, 'push', '--quiet', 'origin', 'HEAD:main')
        await git(to, 'pull', '--quiet', '--ff-only', 'origin', 'main')
        assert.equal(await git(to, 'rev-parse', 'HEAD'), await git(from, 'rev-parse', 'HEAD'))
      }
    })

    await t.test(
      'a push while the app is gone fails and changes nothing, and works once it is back',
      async (t) => {
        await app.stop()
        await git('one', 'commit', '--quiet', '--allow-empty', '-m', 'last')
        const failed = await run(t, tool, ['push', 'origin', 'HEAD:main'], {
          cwd: join(dir, 'one'),
          env: ENV
        })
        assert.notEqual(failed.code, 0)
        assert.match(failed.stderr, /502/)
        await app.start()
        await git('one', 'push', '--quiet', 'origin', 'HEAD:main')
        assert.equal(await git('server/it.git', 'rev-parse', 'main'), await git('one', 'rev-parse', 'HEAD'))
      }
    )
    await settled(gateway, 2_000)
    assertUnharmed(gateway)
  })
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
