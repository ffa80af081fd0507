export interface SignalsOptions {
  onReload(): void
  onSecondStop(): void
}

/** Listens for TERM and INT, of which the first stops and the second ends the process, and for HUP. */
export function onSignals({ onReload, onSecondStop }: SignalsOptions): { stopped: Promise<NodeJS.Signals> } {
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    let seen = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) {
        onSecondStop()
        process.exit(1)
      }
      seen = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
  process.on('SIGHUP', onReload)
  return { stopped }
}
