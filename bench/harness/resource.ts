/** The resource that is pooled, and the check that everyone does the same work: nobody holds what another holds. */

export interface Resource {
  held: boolean
  uses: number
}

export const makeResource = (): Resource => ({ held: false, uses: 0 })

/** The begin of a borrow. */
export const take = (resource: Resource): void => {
  if (resource.held) throw new Error("a resource is held twice")
  resource.held = true
}

/** The end of a borrow. */
export const give = (resource: Resource): void => {
  if (!resource.held) throw new Error("a resource is given back twice")
  resource.held = false
  resource.uses++
}

/** The end of a borrow that is no cycle. */
export const letGo = (resource: Resource): void => {
  if (!resource.held) throw new Error("a resource is given back twice")
  resource.held = false
}

/** A borrow with nothing in it. */
export const touch = (resource: Resource): void => {
  take(resource)
  give(resource)
}

/** Resources of one pool, and how many borrows they have seen. */
export class Stock {
  readonly #resources: Array<Resource> = []
  #seen = 0

  readonly open = (): Resource => this.adopt(makeResource())

  /** For a pool that makes its resources itself. */
  readonly adopt = (resource: Resource): Resource => {
    this.#resources.push(resource)
    return resource
  }

  /** A closed resource is forgotten; what it has seen is not. */
  readonly close = (resource: Resource): void => {
    const index = this.#resources.indexOf(resource)
    if (index < 0) throw new Error("a resource is closed twice")
    if (resource.held) throw new Error("a resource is closed while it is held")
    this.#resources.splice(index, 1)
    this.#seen += resource.uses
  }

  get uses(): number {
    return this.#resources.reduce((sum, { uses }) => sum + uses, this.#seen)
  }
}
