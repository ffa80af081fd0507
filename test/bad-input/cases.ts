/** What clients send that they should not, and what becomes of it: the table of docs/bad-input.md, and its test. */
import type { BadInput } from './case.ts'
import { FIELDS } from './fields.ts'
import { FRAMING } from './framing.ts'
import { LEAVING } from './leaving.ts'
import { LINE } from './request-line.ts'
import { UPGRADES } from './upgrades.ts'

export interface Group {
  title: string
  cases: readonly BadInput[]
}

export const GROUPS: readonly Group[] = [
  { title: 'Request line and target', cases: LINE },
  { title: 'Fields', cases: FIELDS },
  { title: 'Framing', cases: FRAMING },
  { title: 'Upgrades', cases: UPGRADES },
  { title: 'Clients that leave', cases: LEAVING }
]
