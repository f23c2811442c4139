/** Several that are asked for together, as the machine sees them. */
import { MachineRig, type RecordedBorrow } from "./recordedPorts.ts"

export const outcomes = (borrows: ReadonlyArray<RecordedBorrow>) =>
  borrows.map(({ name, outcome }) => `${name} ${outcome}`)

/** As the cell asks for them: in a row, until one is refused. Nobody has them yet. */
export const many = (rig: MachineRig, name: string, n: number, asking: Parameters<MachineRig["borrow"]>[1] = {}) => {
  const parts = Array.from({ length: n }, (_, index) => rig.borrow(`${name}${index + 1}`, asking))
  for (const part of parts) part.bundle = parts
  for (const part of parts) {
    rig.ask(part, false)
    if (part.state === "refused") break
  }
  return parts
}

/** As the cell leaves: all of them, whatever has become of them. */
export const leave = (rig: MachineRig, parts: ReadonlyArray<RecordedBorrow>) =>
  parts.forEach((part) => rig.cancel(part))

export const checkinAll = (rig: MachineRig, parts: ReadonlyArray<RecordedBorrow>) => {
  rig.taken(...parts)
  for (const part of parts) rig.checkin(part)
}

/** All of it is lent. */
export const isWhole = (parts: ReadonlyArray<RecordedBorrow>) => parts.every(({ state }) => state === "lent")

/** `n` that nobody else has: all of a pool of that size. */
export const full = (
  settings: ConstructorParameters<typeof MachineRig>[0],
  asking: Parameters<MachineRig["borrow"]>[1] = {}
) => {
  const rig = MachineRig.open(settings)
  const held = Array.from({ length: settings?.size ?? 1 }, (_, index) => rig.checkout(`s${index + 1}`, asking))
  rig.calls()
  return { rig, held }
}
