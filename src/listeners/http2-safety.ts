/** The first version without CVE-2026-27135. */
const SAFE = [1, 68, 1]

/**
 * Why HTTP/2 should not be spoken by this Node; null when nothing is known against it. Node 20 has got no fix: a malformed
 * frame after the end of a session aborts the whole process.
 *
 * @param version of nghttp2, which is a part of Node
 */
export function http2Weakness(version: string = process.versions.nghttp2 ?? ''): string | null {
  const parts = version.split('.').map(Number)
  for (const [at, safe] of SAFE.entries()) {
    const part = parts[at] ?? 0
    if (part > safe) return null
    if (part < safe)
      return `HTTP/2 of Node ${process.versions.node} can be made to end the process from outside (CVE-2026-27135, nghttp2 ${version}); use Node 22 or later, or turn it off`
  }
  return null
}
