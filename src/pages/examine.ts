import { readdirSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import { ASSETS_PATH, assetName } from './assets.ts'
import { hasOwnTemplate } from './composed-pages.ts'
import { createFolder } from './folder.ts'
import { type FolderFile, isUsed, pageFileName } from './folder-file.ts'

/** Something about a folder of pages that its owner may want to know. */
export interface Finding {
  file: string
  text: string
  /** Whether visitors would see that something is broken. */
  isBroken: boolean
}

// What a server sends in its first round trip: ten packets (RFC 6928).
const FIRST_ROUND_TRIP_BYTES = 14 * 1024
const LOADING_TAG =
  /<(?:img|script|link|iframe|source|video|audio|embed|object|input|image|use|track)\b[^>]*>/gi
const SOURCE = /\s(?:src|href|xlink:href|data|poster)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi
const HARMLESS_LINK =
  /\srel\s*=\s*["']?(?:canonical|alternate|author|license|help|next|prev|me|privacy-policy)\b/i
const STYLE_URL = /url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)/gi

/** Looks through a folder of pages as a gateway would read it, and for what a gateway cannot know to be a mistake. */
export function examinePages(dir: string): Finding[] {
  const folder = createFolder(dir)
  folder.load()
  const findings: Finding[] = folder.problems.map((problem) => ({ ...problem, isBroken: true }))
  for (const [file, { page, bytes }] of folder.files) {
    const text = page?.bytes ?? (file.startsWith('page.') ? bytes : null)
    if (text !== null) findings.push(...examineText(file, text, folder.files))
  }
  return [...findings, ...uncovered(folder.files), ...unused(dir)]
}

function examineText(file: string, bytes: string, files: ReadonlyMap<string, FolderFile>): Finding[] {
  const findings: Finding[] = []
  for (const address of addressesIn(bytes.replace(/<!--[\s\S]*?-->/g, ''))) {
    const finding = examineAddress(address, files)
    if (finding !== null) findings.push({ file, ...finding })
  }
  const packed = brotliCompressSync(Buffer.from(bytes, 'latin1')).length
  if (packed > FIRST_ROUND_TRIP_BYTES) {
    const text = `has ${packed} bytes when compressed; up to ${FIRST_ROUND_TRIP_BYTES} arrive in the first round trip`
    findings.push({ file, text, isBroken: false })
  }
  return findings
}

function addressesIn(bytes: string): Set<string> {
  const found = new Set<string>()
  for (const [tag] of bytes.matchAll(LOADING_TAG)) {
    if (HARMLESS_LINK.test(tag)) continue
    for (const [, ...values] of tag.matchAll(SOURCE)) found.add(values.find((value) => value !== undefined)!)
  }
  for (const [, url, imported] of bytes.matchAll(STYLE_URL)) found.add((url ?? imported!).trim())
  return found
}

function examineAddress(
  address: string,
  files: ReadonlyMap<string, FolderFile>
): Omit<Finding, 'file'> | null {
  if (address === '' || /^(?:data:|#|\{\{|about:|javascript:)/i.test(address)) return null
  if (/^(?:[a-z][a-z+.-]*:)?\/\//i.test(address)) {
    return { text: `asks another host: ${address}`, isBroken: false }
  }
  const name = assetName(address)
  if (name !== undefined) {
    const isThere = files.get(name)?.asset !== undefined
    return isThere ? null : { text: `shows ${address}, which is not in the folder`, isBroken: true }
  }
  const text = `asks for ${address}, which the page itself answers while the site is closed; put it beside the pages and write ${ASSETS_PATH}...`
  return { text, isBroken: false }
}

function uncovered(files: ReadonlyMap<string, FolderFile>): Finding[] {
  if (hasOwnTemplate(files)) return []
  const names = new Set([...files.keys()].map((file) => pageFileName(file)?.name))
  if (names.has('50x')) return []
  return [502, 504]
    .filter((status) => !names.has(`${status}`))
    .map((status) => ({
      file: `${status}.html`,
      text: 'is missing, and so is 50x.html: visitors get one bare line',
      isBroken: false
    }))
}

function unused(dir: string): Finding[] {
  try {
    return readdirSync(dir)
      .filter((file) => !isUsed(file) && !file.startsWith('.'))
      .map((file) => ({ file, text: 'is neither a page nor a kind of file that is served', isBroken: false }))
  } catch {
    // Told by the folder itself.
    return []
  }
}
