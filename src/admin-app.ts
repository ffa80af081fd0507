import Fastify, { type FastifyInstance } from 'fastify'
import admin, { type AdminOptions } from '../plugins/admin.ts'
import { addAccessLog } from './access-log.ts'
import { createProblem } from './admin/problem.ts'
import type { AppDeps } from './app-options.ts'

/** Builds an app that operators talk to, ready to be given requests: it has nothing but the admin API. */
export async function createAdminApp(
  adminOptions: AdminOptions & { prefix?: string },
  { options, accessLog }: AppDeps
): Promise<FastifyInstance> {
  const app = Fastify({
    ...options,
    // What the router refuses never reaches a plugin.
    frameworkErrors(_error, _request, reply) {
      const body = JSON.stringify(createProblem(400))
      reply.hijack()
      reply.raw
        .writeHead(400, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
        .end(body)
    }
  })
  if (accessLog !== null) addAccessLog(app, accessLog)
  await app.register(admin, { ...adminOptions, notFound: true })
  await app.ready()
  return app
}
