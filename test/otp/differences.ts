/** Where ours is not OTP's, on purpose. All of it is here: whatever else differs from a recording is a bug. */

/** A word of a recording that ours says otherwise. */
export interface Rewording {
  readonly otp: RegExp
  readonly ours: string
  readonly why: string
}

export const rewordings: ReadonlyArray<Rewording> = [
  {
    otp: / -> exit (?:noproc|normal|shutdown|killed)$/,
    ours: " -> noproc",
    why:
      "A call to a supervisor that has ended, or ends meanwhile, exits the caller in OTP with the reason of that end; " +
      "here it fails with `noproc`, whatever the reason."
  }
]

/** A scenario that ends otherwise. */
export interface Difference {
  readonly scenario: string
  readonly why: string
  /** The steps that differ, by their place, with what they cause here. */
  readonly steps: Readonly<Record<number, ReadonlyArray<string>>>
}

export const differences: ReadonlyArray<Difference> = [
  {
    scenario: "stop: a stranger's exit signal",
    why: "`ref.exit` has no sender, so it is always the parent's order (docs/decisions/0013).",
    steps: {
      1: [
        "stranger top: crash",
        ...["c", "b", "a"].flatMap((id) => [`terminate ${id}: shutdown`, `end ${id}: shutdown`]),
        "end top: crash"
      ],
      2: ["which_children", "which_children -> noproc"]
    }
  },
  {
    scenario: "stop: the order to shut down comes while a child starts",
    why: "OTP waits for the start, for ever if need be; here it is interrupted (docs/decisions/0013).",
    steps: {
      2: [
        "signal top: shutdown",
        "terminate a: shutdown",
        "end a: shutdown",
        "end top: shutdown",
        "start_child b -> noproc"
      ],
      3: ["wait 600"]
    }
  },
  {
    scenario: "restarting: the order to shut down comes before the next attempt",
    why: "In OTP the order waits in the mailbox behind the crash, whose restart is then tried in vain; here an exit " +
      "overtakes what is queued, and only the call under way is finished.",
    steps: { 4: ["wait 1000", "end b: shutdown", "end top: shutdown", "terminate_child b -> ok"] }
  },
  {
    scenario: "nested: an inner supervisor with a budget is killed when it is over",
    why:
      "OTP goes on at once, and leaves the children of the killed one to themselves; here their end is waited for, " +
      "at most 5 seconds (docs/decisions/0013).",
    steps: {
      2: ["wait 500", "end inner: killed"],
      3: ["wait 1500", "end x: shutdown", "terminate a: shutdown", "end a: shutdown", "end top: shutdown"]
    }
  },
  {
    scenario: "dynamic: terminate_child of one that is restarting",
    why: "OTP 25 counts such a child twice as gone.",
    steps: { 8: ["count_children", "count_children -> specs 1, active 0, supervisors 0, workers 0"] }
  },
  {
    scenario: "dynamic: a bad template is refused at once",
    why: "Here the template is a function of the arguments: what it gives is seen at the first `startChild`.",
    steps: { 0: ["boot", "start top", "boot -> ok"] }
  }
]
