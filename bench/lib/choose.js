import { programVersion } from './prepare.js'

/** Who can run this load here, and who only could: that a proxy has no such feature at all is not worth a word. */
export function chooseFor({ kind, tool }, candidates, workplace) {
  const skipped = []
  const able = candidates.filter((candidate) => {
    if (!candidate.kinds.includes(kind)) return false
    const why = missing(candidate, kind) ?? (tool === 'h2load' ? missingForHttp2(workplace) : undefined)
    if (why) skipped.push({ candidate, why })
    return why === undefined
  })
  return { able, skipped }
}

function missing(candidate, kind) {
  const { program, version } = candidate
  if (program && programVersion(program, version) === undefined) return `${program} is not installed`
  return candidate.why?.(kind)
}

function missingForHttp2({ certificate }) {
  if (programVersion('h2load', ['--version']) === undefined) return 'h2load is not installed'
  return certificate ? undefined : 'openssl, which makes the certificate, is not installed'
}
