import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFolder } from '../../src/pages/folder.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { answering, UNREACHABLE } from './server.ts'

test('an edit shows in the very next answer, a hundred times over', async (t) => {
  const pagesDir = tempDir(t)
  const file = join(pagesDir, '50x.html')
  writeFileSync(file, 'start')
  const server = await answering(t, UNREACHABLE, { pagesDir })
  for (let round = 0; round < 100; round++) {
    if (round % 2 === 0) writeFileSync(file, `edit ${round}`)
    else {
      writeFileSync(`${file}.tmp`, `edit ${round}`)
      renameSync(`${file}.tmp`, file)
    }
    assert.equal((await server.get()).text, `edit ${round}`)
  }
  assert.deepEqual(server.warnings, [])
})

test('an edit by another process shows in the very next answer', async (t) => {
  const pagesDir = tempDir(t)
  writeFileSync(join(pagesDir, '50x.html'), 'start')
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal((await server.get()).text, 'start')
  execFileSync('/bin/sh', ['-c', 'printf edited > 50x.html'], { cwd: pagesDir })
  assert.equal((await server.get()).text, 'edited')
})

test('a deleted page gives way to the next in order, and comes back', async (t) => {
  const pagesDir = tempDir(t)
  writeFileSync(join(pagesDir, '50x.html'), 'fifty')
  writeFileSync(join(pagesDir, '502.html'), 'two')
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal((await server.get()).text, 'two')
  unlinkSync(join(pagesDir, '502.html'))
  assert.equal((await server.get()).text, 'fifty')
  unlinkSync(join(pagesDir, '50x.html'))
  assert.match((await server.get()).text, /<h1>502 Bad Gateway/)
  writeFileSync(join(pagesDir, '502.html'), 'again')
  assert.equal((await server.get()).text, 'again')
})

test('a broken edit keeps the old page and is told of once, however often it is looked at', async (t) => {
  const pagesDir = tempDir(t)
  const file = join(pagesDir, '502.html')
  writeFileSync(file, 'good')
  writeFileSync(join(pagesDir, '50x.html'), 'other')
  const server = await answering(t, UNREACHABLE, { pagesDir })
  const breakIt: Record<string, () => void> = {
    empty: () => truncateSync(file),
    large: () => writeFileSync(file, Buffer.alloc(1024 * 1024 + 1, 'x')),
    folder: () => {
      rmSync(file)
      mkdirSync(file)
    },
    fifo: () => {
      rmSync(file)
      execFileSync('mkfifo', [file])
    },
    loop: () => {
      rmSync(file)
      symlinkSync(file, file)
    }
  }
  for (const [kind, breaking] of Object.entries(breakIt)) {
    rmSync(file, { recursive: true, force: true })
    writeFileSync(file, 'good')
    assert.equal((await server.get()).text, 'good', kind)
    server.warnings.length = 0
    breaking()
    assert.equal((await server.get()).text, 'good', kind)
    writeFileSync(join(pagesDir, '50x.html'), `other ${kind}`)
    assert.equal((await server.get()).text, 'good', kind)
    assert.deepEqual(
      server.warnings.map(({ text }) => text),
      ['page was not usable, kept the previous one'],
      kind
    )
  }
  rmSync(file)
  assert.equal((await server.get()).text, 'other loop')
})

test('a folder that is swapped as a whole is followed within two seconds', async (t) => {
  const dir = tempDir(t)
  const pagesDir = join(dir, 'current')
  for (const name of ['one', 'two']) {
    mkdirSync(join(dir, name))
    writeFileSync(join(dir, name, '50x.html'), name)
  }
  symlinkSync('one', pagesDir)
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal((await server.get()).text, 'one')
  symlinkSync('two', `${pagesDir}.new`)
  renameSync(`${pagesDir}.new`, pagesDir)
  await until(async () => (await server.get()).text === 'two')
  writeFileSync(join(dir, 'two', '50x.html'), 'edited')
  assert.equal((await server.get()).text, 'edited')
})

test('a folder that is gone leaves its pages', async (t) => {
  const pagesDir = join(tempDir(t), 'pages')
  mkdirSync(pagesDir)
  writeFileSync(join(pagesDir, '50x.html'), 'kept')
  const server = await answering(t, UNREACHABLE, { pagesDir })
  rmSync(pagesDir, { recursive: true })
  await until(async () => {
    assert.ok(['kept'].includes((await server.get()).text) || server.warnings.length === 0)
    return server.warnings.length > 0
  })
})

test('our own pages are refused when they name a placeholder that nobody fills', (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, '502.html'), '{{status}} {{wrong}}')
  const set = createFolder(dir, { strict: true })
  assert.throws(() => set.load(), {
    code: 'ERR_PAGE_INVALID',
    message: /502\.html: unknown placeholder \{\{wrong\}\}/
  })
})

test('a page nobody may read is told of', {
  skip: process.getuid?.() === 0 && 'root may read everything'
}, (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, '502.html'), 'secret')
  chmodSync(join(dir, '502.html'), 0)
  const told: string[] = []
  createFolder(dir, { log: { warn: (_, text) => told.push(text) } }).load()
  assert.deepEqual(told, ['page was not usable, ignored it'])
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 3000; !(await holds()); await sleep(20))
    assert.ok(Date.now() < end, 'in vain')
}
