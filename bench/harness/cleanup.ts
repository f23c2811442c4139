/** What must not outlive a run: temporary folders and processes. Undone at its end, and on Ctrl-C. */

const undo: Array<() => void> = []

/** To be called in any case before the process ends; the last one first. Gives what takes it off the list and calls it. */
export const atEnd = (work: () => void): () => void => {
  undo.push(work)
  return () => {
    const index = undo.indexOf(work)
    if (index < 0) return
    undo.splice(index, 1)
    work()
  }
}

const undoAll = () => {
  for (let work = undo.pop(); work !== undefined; work = undo.pop()) work()
}

process.on("exit", undoAll)
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  process.on(signal, () => process.exit(code))
}
