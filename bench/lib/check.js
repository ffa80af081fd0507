import { request } from 'node:http'
import { connect } from 'node:http2'

/** Asks once as the load will do. @returns what is wrong with the answer, or nothing */
export async function checkAnswer(load, port) {
  // Their clients look at every answer by themselves.
  if (load.answer === undefined) return undefined
  try {
    const { status, bytes } = await (load.kind === 'http2' ? askHttp2(load, port) : ask(load, port))
    const { answer } = load
    if (status === answer.status && bytes === answer.bytes) return undefined
    return `answered ${status} with ${bytes} bytes instead of ${answer.status} with ${answer.bytes}`
  } catch (error) {
    return `did not answer: ${error.message}`
  }
}

function ask({ path, headers, upload }, port) {
  const body = upload ? 'x'.repeat(upload) : undefined
  const options = {
    port,
    host: '127.0.0.1',
    path,
    method: upload ? 'POST' : 'GET',
    agent: false,
    timeout: 10_000,
    headers: { ...headers, ...(body && { 'Content-Length': body.length }) }
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let bytes = 0
      response.on('data', (chunk) => (bytes += chunk.length))
      response.on('end', () => resolve({ status: response.statusCode, bytes }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer in 10 s')))
    sent.end(body)
  })
}

async function askHttp2({ path }, port) {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':path': path })
      let status = 0
      let bytes = 0
      stream.on('response', (headers) => (status = headers[':status']))
      stream.on('data', (chunk) => (bytes += chunk.length))
      stream.on('end', () => resolve({ status, bytes }))
      stream.on('error', reject)
      stream.setTimeout(10_000, () => reject(new Error('no answer in 10 s')))
    })
  } finally {
    session.destroy()
  }
}
