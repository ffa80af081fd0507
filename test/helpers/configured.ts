/** Gateways whose configuration file is written anew while they run. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Finished,
  type GatewayProcess,
  intermission,
  startGateway,
  startIntermission
} from './process.ts'
import { type Cleanup, tempDir } from './temp-dir.ts'
import { httpUpstream } from './upstream.ts'

/** A gateway with a configuration file that can be written anew. */
export interface Configured {
  gateway: GatewayProcess
  path: string
  write(lines: readonly string[]): void
  reload(...flags: string[]): Promise<Finished>
}

/** @param listen where to listen, by flag; null: as the lines say */
export async function configured(
  t: Cleanup,
  lines: readonly string[],
  listen: string | null = '127.0.0.1:0'
): Promise<Configured> {
  const path = join(tempDir(t), 'intermission.yaml')
  const write = (all: readonly string[]): void => writeFileSync(path, `${all.join('\n')}\n`)
  write(lines)
  const gateway =
    listen === null
      ? await startByFile(t, path)
      : await startGateway(t, ['--config', path, '--listen', listen])
  const admin = gateway.adminUrl.replace('http://', '')
  const found = ['--admin', admin, '--admin-token-file', join(gateway.stateDir, 'admin-token')]
  return { gateway, path, write, reload: (...more) => intermission(t, ['reload', ...found, ...more]) }
}

/** Starts it without a flag for what the file is to say. */
async function startByFile(t: Cleanup, path: string): Promise<GatewayProcess> {
  const stateDir = tempDir(t)
  const args = ['start', '--config', path, '--admin', '127.0.0.1:0', '--state-dir', stateDir]
  const running = startIntermission(t, args)
  const url = await running.waitFor(/^intermission listening on (\S+)$/m)
  const adminUrl = await running.waitFor(/^intermission admin on (\S+)$/m)
  return Object.assign(Object.create(running) as GatewayProcess, { url, adminUrl, stateDir })
}

/** An app that says its name, slowly under /slow. */
export async function named(t: Cleanup, name: string): Promise<string> {
  const { url } = await httpUpstream(t, async (request, response) => {
    // Longer than a reload by the command takes on a busy machine.
    if (request.url === '/slow') await sleep(3000)
    response.end(name)
  })
  return url
}

/** What is answered, without its head. */
export const textOf = async (url: string): Promise<string> => (await fetch(url)).text()

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
