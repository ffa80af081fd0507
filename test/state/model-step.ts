/** One step of the model test, and what steps are made of. */
import fc from 'fast-check'
import type { Model } from './model.ts'
import { type Real, SITES } from './model-real.ts'

export const HOUR = 3_600_000

/** A step; after each, all processes have to agree with the model. */
export class Command implements fc.AsyncCommand<Model, Real> {
  private readonly what: string
  private readonly act: (model: Model, real: Real) => Promise<void>
  private readonly can: (model: Model) => boolean

  constructor(what: string, act: (model: Model, real: Real) => Promise<void>, can = isUp) {
    this.what = what
    this.act = act
    this.can = can
  }

  check(model: Readonly<Model>): boolean {
    return this.can(model)
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.act(model, real)
    await real.agree(model)
    onStep()
  }

  toString(): string {
    return this.what
  }
}

let onStep = (): void => {}
/** Calls back after every step. */
export function countSteps(count: () => void): void {
  onStep = count
}

function isUp({ up }: Model): boolean {
  return up.some(Boolean)
}

export const process = fc.nat(1)
export const site = fc.option(fc.constantFrom(...SITES))
export const hours = fc.integer({ min: 1, max: 6 })
export const mode = fc.constantFrom('maintenance', 'read-only', 'hold')
export const onExpiry = fc.constantFrom('leave', 'stay', 'leave-if-healthy')
export const message = fc.option(fc.constantFrom('a', 'b'))
export const by = fc.option(fc.constantFrom('ann', 'bob'))
export const closing = fc.record({ mode, onExpiry, message, by })
export const entering = fc.record({ site, until: fc.option(hours), closing })

export const show = (value: unknown): string => JSON.stringify(value)
export const namesOf = (model: Model, name: string | null): string[] => (name === null ? model.names : [name])
export const isKnown = (model: Model, name: string | null): boolean =>
  name === null || model.names.includes(name)
