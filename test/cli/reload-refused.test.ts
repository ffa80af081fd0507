import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { configured, named, textOf } from '../helpers/configured.ts'
import { tempDir } from '../helpers/temp-dir.ts'

test('a pipe that nobody writes to is refused in place of any file, and visitors are served meanwhile', async (t) => {
  const upstream = await named(t, 'one')
  const { gateway, path, write, reload } = await configured(t, [`upstream: ${upstream}`])
  const pipe = join(tempDir(t), 'pipe')
  execFileSync('mkfifo', ['-m', '600', pipe])
  for (const line of [
    `adminOperatorsFile: ${pipe}`,
    `bypassTokenFile: ${pipe}`,
    `{ webhook: "${upstream}", webhookSecretFile: ${pipe} }`,
    `{ upstream: "https://127.0.0.1:1", upstreamCa: ${pipe} }`,
    `storeCa: ${pipe}`
  ]) {
    write(line.startsWith('{') ? [line] : [`upstream: ${upstream}`, line])
    const { code, stderr } = await reload()
    assert.equal(code, 2, stderr)
    assert.match(stderr, /(File|storeCa|upstreamCa): .*(pipe|regular file|PEM file)/)
    assert.equal(await textOf(gateway.url), 'one')
  }
  rmSync(path)
  execFileSync('mkfifo', [path])
  assert.match((await reload()).stderr, /--config: ".*" cannot be read: nothing is in this pipe/)
  assert.equal(await textOf(gateway.url), 'one')
})

test('a reload keeps the page that was there before a file which cannot be used', async (t) => {
  const pages = tempDir(t)
  const file = join(pages, '50x.html')
  writeFileSync(file, 'our own page')
  const { gateway, reload } = await configured(t, ['upstream: unix:/nowhere.sock', `pages: ${pages}`])
  assert.equal(await textOf(gateway.url), 'our own page')
  for (const content of ['', 'x'.repeat(1_048_577)]) {
    writeFileSync(file, content)
    assert.equal((await reload()).code, 0)
    assert.equal(await textOf(gateway.url), 'our own page')
  }
  writeFileSync(file, 'a new one')
  assert.equal(await textOf(gateway.url), 'a new one')
  rmSync(file)
  assert.equal((await reload()).code, 0)
  assert.match(await textOf(gateway.url), /502 Bad Gateway/)
})

test('a gateway that stops takes no new configuration', async (t) => {
  const app = await named(t, 'app')
  const { gateway, write, reload } = await configured(t, [`upstream: ${app}`])
  const slow = textOf(`${gateway.url}/slow`)
  await sleep(200)
  gateway.signal('SIGTERM')
  await gateway.waitFor(/"msg":"draining"/)
  write([`upstream: ${app}`, 'drainTimeout: 5s'])
  const { code, stderr } = await reload()
  assert.equal(code, 2)
  assert.match(stderr, /^reload: the gateway is stopping$/m)
  assert.equal(await slow, 'app')
  assert.equal((await gateway.exited).code, 0)
})
