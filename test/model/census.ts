/** How often each thing happened, over all runs: a model that never sees a fault proves nothing about it. */
export class Census {
  readonly #counts = new Map<string, number>()
  readonly #kinds: ReadonlyArray<string>

  constructor(kinds: ReadonlyArray<string>) {
    this.#kinds = kinds
    for (const kind of kinds) this.#counts.set(kind, 0)
  }

  count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** What must happen, and happened less often than that. */
  below(least: number): ReadonlyArray<string> {
    return this.#kinds.flatMap((kind) => {
      const count = this.#counts.get(kind)!
      return count < least ? [`${kind}: ${count}`] : []
    })
  }

  /** Three columns of `kind count`. */
  get table(): string {
    const cells = [...this.#counts].map(([kind, count]) => `${kind.padEnd(36)}${String(count).padStart(7)}`)
    const lines: Array<string> = []
    for (let i = 0; i < cells.length; i += 3) lines.push(cells.slice(i, i + 3).join("   "))
    return lines.join("\n")
  }
}
