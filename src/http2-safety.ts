/** The first version of nghttp2, which is a part of Node, that is not affected by CVE-2026-27135. */
const SAFE = [1, 68, 1]

/**
 * Why HTTP/2 should not be spoken by this Node; null when nothing is known against it. In older versions of nghttp2 a
 * malformed frame after the end of a session fails an assertion, which ends the whole process (CVE-2026-27135). Node 20
 * comes with such a one, and gets no fixes any more.
 *
 * @param version of nghttp2
 */
export function http2Weakness(version: string = process.versions.nghttp2 ?? ''): string | null {
  const parts = version.split('.').map(Number)
  for (const [at, safe] of SAFE.entries()) {
    const part = parts[at] ?? 0
    if (part > safe) return null
    if (part < safe)
      return `nghttp2 ${version} of Node ${process.versions.node} is affected by CVE-2026-27135: HTTP/2 frames of a visitor may end the process`
  }
  return null
}
