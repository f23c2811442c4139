/**
 * What a scenario is: data that `record.escript` plays on OTP and `play.ts` on ours. Words and numbers are OTP's, times
 * are milliseconds, but a `period` is in seconds.
 */

/** A reason as a scenario may give it; `crash` is any but the others. */
export type Reason = "normal" | "shutdown" | "{shutdown,x}" | "crash"

export interface Flags {
  readonly strategy?: string
  readonly intensity?: number
  readonly period?: number
  readonly auto_shutdown?: string
}

/** What a supervisor knows about a child. Words are not narrowed: some scenarios give wrong ones. */
interface Spec {
  readonly restart?: string
  readonly shutdown?: number | string
  readonly type?: string
  readonly significant?: boolean
}

/** How a worker behaves. */
export interface Behavior {
  /** Which of its starts fail, counted from 1 over all incarnations. */
  readonly failsOn?: ReadonlyArray<number>
  readonly failsFrom?: number
  readonly startTakes?: number
  readonly stopTakes?: number
  /** Its `terminate` crashes. */
  readonly stopFails?: boolean
  /** Whether it traps exits. OTP's does by default, or else its `terminate` would not run; ours does not. */
  readonly traps?: boolean
}

export interface Worker extends Spec, Behavior {
  readonly id: string
}

/** A supervisor with children of its own. */
export interface Tree extends Spec {
  readonly id: string
  readonly flags: Flags
  readonly children: ReadonlyArray<Child>
}

/** A `simple_one_for_one`: children are named by the argument they are started with. */
export interface Dynamic extends Spec {
  readonly id: string
  readonly flags: Flags
  readonly template: Spec & Behavior
}

export type Child = Worker | Tree | Dynamic

export interface Process {
  readonly id: string
  readonly traps?: boolean
}

/** `of` names the supervisor that is asked. */
type Do =
  | { readonly do: "wait"; readonly ms: number }
  /** A turn of the child goes wrong. */
  | { readonly do: "crash"; readonly id: string }
  /** The child ends by itself. */
  | { readonly do: "exit"; readonly id: string; readonly reason: Reason }
  | { readonly do: "kill"; readonly id: string }
  | { readonly do: "start_child"; readonly of: string; readonly child: Child }
  | { readonly do: "start_child"; readonly of: string; readonly id: string }
  | { readonly do: "terminate_child"; readonly of: string; readonly id: string; readonly dynamic?: true }
  | { readonly do: "restart_child" | "delete_child"; readonly of: string; readonly id: string }
  | { readonly do: "which_children" | "count_children"; readonly of: string }
  /** `gen_server:stop`. */
  | { readonly do: "stop"; readonly of: string; readonly reason: Reason }
  /** `exit(Pid, Reason)`; the sender is the parent of the top supervisor. */
  | { readonly do: "signal"; readonly id: string; readonly reason: Reason }
  /** `exit(Sup, Reason)` by a process that has nothing to do with it. */
  | { readonly do: "stranger"; readonly of: string; readonly reason: Reason }
  /** A process that has linked itself to the supervisor ends. */
  | { readonly do: "linked"; readonly of: string; readonly reason: Reason }
  /** A plain process links, monitors …; with `killFirst`, it first kills the other one and waits for its end. */
  | {
    readonly do: "tell"
    readonly id: string
    readonly what: "link" | "unlink" | "monitor" | "demonitor"
    readonly to: string
    readonly killFirst?: true
  }
  /** A plain process ends by itself. */
  | { readonly do: "tell"; readonly id: string; readonly reason: Reason }

/** `unordered`: what this step causes happens at once in several places, so its events are compared as a set. */
export type Step = Do & { readonly unordered?: true }

export type Scenario =
  | { readonly name: string; readonly tree: Tree | Dynamic; readonly steps: ReadonlyArray<Step> }
  | { readonly name: string; readonly processes: ReadonlyArray<Process>; readonly steps: ReadonlyArray<Step> }

/** What a step is called in a trace. */
export const labelOf = (step: Step): string => {
  switch (step.do) {
    case "wait":
      return `wait ${step.ms}`
    case "crash":
    case "kill":
      return `${step.do} ${step.id}`
    case "exit":
    case "signal":
      return `${step.do} ${step.id}: ${step.reason}`
    case "start_child":
      return `start_child ${"child" in step ? step.child.id : step.id}`
    case "terminate_child":
    case "restart_child":
    case "delete_child":
      return `${step.do} ${step.id}`
    case "which_children":
    case "count_children":
      return step.do
    case "stop":
    case "stranger":
    case "linked":
      return `${step.do} ${step.of}: ${step.reason}`
    case "tell":
      if ("reason" in step) return `tell ${step.id} exit ${step.reason}`
      return `tell ${step.id} ${step.killFirst === true ? "kill and " : ""}${step.what} ${step.to}`
  }
}

/** The top supervisor of most scenarios. */
export const top = (flags: Flags, ...children: ReadonlyArray<Child>): Tree => ({ id: "top", flags, children })

/** A child whose every option is the default. */
export const worker = (id: string, options: Omit<Worker, "id"> = {}): Worker => ({ id, ...options })

export const wait = (ms: number): Step => ({ do: "wait", ms })
export const crash = (id: string): Step => ({ do: "crash", id })
export const exit = (id: string, reason: Reason): Step => ({ do: "exit", id, reason })
export const kill = (id: string): Step => ({ do: "kill", id })
export const startChild = (child: Child, of = "top"): Step => ({ do: "start_child", of, child })
export const startNamed = (id: string, of = "top"): Step => ({ do: "start_child", of, id })
export const terminateChild = (id: string, of = "top"): Step => ({ do: "terminate_child", of, id })
export const terminateNamed = (id: string, of = "top"): Step => ({ do: "terminate_child", of, id, dynamic: true })
export const restartChild = (id: string, of = "top"): Step => ({ do: "restart_child", of, id })
export const deleteChild = (id: string, of = "top"): Step => ({ do: "delete_child", of, id })
export const whichChildren = (of = "top"): Step => ({ do: "which_children", of })
export const countChildren = (of = "top"): Step => ({ do: "count_children", of })
export const stop = (reason: Reason = "normal", of = "top"): Step => ({ do: "stop", of, reason })
export const signal = (id: string, reason: Reason): Step => ({ do: "signal", id, reason })
/** The parent's order to shut down. */
export const shutdown: Step = signal("top", "shutdown")
export const unordered = (step: Step): Step => ({ ...step, unordered: true })
