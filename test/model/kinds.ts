/** What must have happened in the course of all the runs, each of it often. */

const messages = "Checkout Cancel Checkin Destroyed Adopt Detach Status Shutdown AwaitShutdown " +
  "Evict EvictAll Reconfigure Suspend Resume " +
  "Ready Checked Exited RetryAfter OwnerDown Unreachable Tick Reserve Unreserve"

const from = (what: string, was: string, ...to: ReadonlyArray<string>) => to.map((each) => `${what}: ${was} -> ${each}`)

export const kinds: ReadonlyArray<string> = [
  ...messages.split(" "),
  ...from("checkout", "asked", "waiting", "lent", "refused", "ended"),
  ...from("checkout", "waiting", "lent", "refused", "ended"),
  ...from("checkout", "lent", "ended", "waiting", "refused"),
  ...from("resource", "opening", "idle", "lent", "closing", "gone"),
  ...from("resource", "idle", "lent", "closing", "validating"),
  ...from("resource", "lent", "idle", "closing", "resetting"),
  ...from("resource", "resetting", "idle", "lent", "closing"),
  ...from("resource", "validating", "idle", "lent", "closing"),
  ...from("resource", "closing", "gone"),
  ...from("pool", "open", "draining", "closing", "closed"),
  ...from("pool", "draining", "closing", "closed"),
  ...from("pool", "closing", "closed"),
  "an eager start",
  "shutdown by one who waits",
  ...["CheckoutTimeout", "PoolFull", "PoolOverloaded", "PoolClosed", "OpenFailed", "PoolCrashed"].map((tag) =>
    `refused: ${tag}`
  ),
  ...["reset", "validate", "probe", "judge"].map((job) => `check: ${job}`),
  ...["reset", "validate", "probe"].flatMap((job) => [`checked: ${job}, well`, `checked: ${job}, not well`]),
  ...["to be kept", "not to be kept"].map((verdict) => `checked: judge, ${verdict}`),
  ...["surplus", "unwell", "the end", "used up", "past its time"].map((reason) => `closed: ${reason}`),
  ...["idle for too long", "overflow for too long", "its successor is there"].map((reason) => `closed: ${reason}`),
  ...["evicted", "too many"].map((reason) => `closed: ${reason}`),
  ...["alive", "dead", "not while others have it"].map((how) => `detached: ${how}`),
  ...["awaited", "over"].map((how) => `quiet: ${how}`),
  ...["one more", "left by one", "lost by several", "given up", "taken back untouched"].map((what) =>
    `shared: ${what}`
  ),
  ...["handed out", "refused", "left with some of them", "lost one", "before others", "too many"].map((what) =>
    `together: ${what}`
  ),
  ...["alone", "ended", "conflict", "left"].map((answer) => `reserve: ${answer}`),
  ...["was", "wanted to be"].map((how) => `fault: died while somebody ${how} alone`),
  "a successor",
  "somebody prefers one",
  "somebody can wait",
  "the breaker trips",
  "dropped",
  "overdue: warn",
  "overdue: revoke",
  ...["idle", "held", "untaken", "resetting", "validating", "probing"].map((what) => `fault: died while ${what}`),
  ...["waiting", "lent", "answered"].map((what) => `fault: cancelled while ${what}`),
  ...["success", "failure"].map((how) => `fault: an owner ended with ${how}`),
  ...["an opening", "a closing", "resetting", "validating", "probing"].map((what) =>
    `fault: ${what} outlived its timeout`
  ),
  ...[
    "opening failed",
    "one stillborn too many",
    "one death too many",
    "a failed start",
    "revoked",
    "stale lease",
    "stale worker",
    "stale verdict"
  ].map((what) => `fault: ${what}`)
]
