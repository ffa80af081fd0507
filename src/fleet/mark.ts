/**
 * Marks that members leave on their machine: a socket that is open for as long as the process lives, however it ends.
 * Who starts there again tells the fleet which members have ended, so that nobody has to wait for them.
 */
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { makeFolder } from '../make-folder.ts'

export interface Mark {
  /** What further processes of this member are to hold open too, by {@link holdOpen}. */
  readonly path: string
  /** Says under which name the member goes from now on. */
  rename(id: string): Promise<void>
  /** Takes the mark away: this member has told the fleet by itself. */
  remove(): Promise<void>
}

/** A member that has ended without saying so. */
export interface Ended {
  id: string
  /** Takes its mark away. */
  remove(): Promise<void>
}

interface Note {
  id: string
  host: string
  machine: string
  boot: string
}

// What fits into the address of a unix socket, on every system.
const LONGEST_PATH = 100
const ANSWER_WITHIN_MS = 1000

/** @returns null where there can be none: on a system that does not number its boots, or in a folder too deep */
export async function leaveMark(folder: string): Promise<Mark | null> {
  const place = await readPlace()
  const base = join(folder, randomBytes(6).toString('hex'))
  const path = `${base}.sock`
  if (place.boot === '' || `${path}.0000000`.length > LONGEST_PATH) return null
  makeFolder(folder)
  const release = await holdOpen(path)
  return {
    path,
    // Never without its socket: first comes the one, first goes the other.
    rename: (id) => writeFile(`${base}.json`, JSON.stringify({ ...place, id }), { mode: 0o600 }),
    async remove() {
      await rm(`${base}.json`, { force: true })
      await release()
      // Of processes of ours that were killed.
      const names = await readdir(folder).catch(() => [])
      const left = names.filter((name) => name.startsWith(`${basename(path)}.`))
      await Promise.all(left.map((name) => rm(join(folder, name), { force: true })))
    }
  }
}

/** Holds a socket open that nobody ever talks to. @returns a function that ends it */
export async function holdOpen(path: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

/** Finds members that certainly have ended: their machine has booted since, or the kernel knows nobody at their socket. */
export async function findEnded(folder: string): Promise<Ended[]> {
  const place = await readPlace()
  const names = await readdir(folder).catch(() => [])
  const found = names
    .filter((name) => name.endsWith('.json') && name !== 'state.json')
    .map(async (name) => {
      const base = name.slice(0, -'.json'.length)
      const note = await readNote(join(folder, name))
      const sockets = names
        .filter((each) => each.startsWith(`${base}.sock`))
        .map((each) => join(folder, each))
      if (note === undefined || !(await hasEnded(note, place, sockets))) return []
      const files = [join(folder, name), ...sockets]
      return [
        {
          id: note.id,
          remove: async () => void (await Promise.all(files.map((file) => rm(file, { force: true }))))
        }
      ]
    })
  return (await Promise.all(found)).flat()
}

async function hasEnded(note: Note, place: Omit<Note, 'id'>, sockets: string[]): Promise<boolean> {
  if (place.boot === '' || note.boot === '') return false
  if (note.boot !== place.boot)
    return note.machine !== '' && note.machine === place.machine && note.host === place.host
  // The folder may be on the network; a refusal counts only of the kernel that knew the socket, which is this one.
  const refused = await Promise.all(sockets.map(isRefused))
  return refused.length > 0 && refused.every((each) => each)
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy())
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
    socket.once('connect', () => socket.destroy())
    socket.once('close', () => resolve(false))
  })
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8')) as Record<keyof Note, unknown>
    const isNote = [note.id, note.host, note.machine, note.boot].every((each) => typeof each === 'string')
    return isNote ? (note as Note) : undefined
  } catch {
    return undefined
  }
}

async function readPlace(): Promise<Omit<Note, 'id'>> {
  const line = (path: string): Promise<string> =>
    readFile(path, 'utf8')
      .then((text) => text.trim())
      .catch(() => '')
  return {
    host: hostname(),
    machine: await line('/etc/machine-id'),
    boot: await line('/proc/sys/kernel/random/boot_id')
  }
}
