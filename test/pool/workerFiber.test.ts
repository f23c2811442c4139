/** The fiber of a worker, with nobody but a test to report to: checks, deaths, giving a resource away. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Duration, Effect, Exit, Random, Scope } from "effect"
import { Host } from "../../src/channel/internal/host.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import { Crew, crewOf, type Premises } from "../../src/pool/internal/crew.ts"
import { type Parts, settingsOf } from "../../src/pool/internal/settings.ts"
import { Worker } from "../../src/pool/internal/worker.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { settle } from "../support/waiting.ts"

/** What an untyped caller might hand in. */
const untyped = <A>(value: unknown): A => value as A

const info = { age: Duration.seconds(3), idleFor: Duration.seconds(2), uses: 1, overflow: false }

/** One worker, and in `log` all that is said and done, in order. */
class Shop {
  readonly log: Array<string> = []
  readonly worker = new Worker(1)
  readonly crew: Crew
  /** Every cause that came with a verdict. */
  readonly causes: Array<Cause.Cause<unknown>> = []
  readonly jobs: Array<() => void> = []
  /** Kills the resource. */
  readonly death = Deferred.makeUnsafe<void>()
  draws = 0

  constructor(context: Context.Context<never>, parts: Partial<Parts>, place: Partial<Premises> = {}) {
    const { log } = this
    const fork = Effect.runForkWith(context)
    this.crew = new Crew({
      factory: Effect.as(Effect.addFinalizer(() => this.note("closed")), "the resource"),
      link: undefined,
      validate: undefined,
      probe: undefined,
      reset: undefined,
      shouldRetire: undefined,
      fork: (effect) => fork(effect),
      launch: (job) => this.jobs.push(job),
      random: () => ++this.draws / 10,
      infoOf: () => info,
      openTimedOut: () => Cause.die("too late"),
      closeFailed: () => log.push("close failed"),
      ready: (_worker, _resource, jitter) => log.push(`ready ${jitter}`),
      checked: (_worker, { cause, job, ok }) => {
        log.push(`${job} ${ok}`)
        if (cause !== undefined) this.causes.push(cause)
      },
      exited: (_worker, reason) => log.push(reason._tag === "Died" ? "died" : this.#ended(reason)),
      ...parts,
      ...place
    })
  }

  open(): this {
    this.crew.open(this.worker)
    return this
  }

  #ended(reason: { readonly _tag: string; readonly abandoned: boolean }): string {
    return `exited ${reason._tag}${reason.abandoned ? ", abandoned" : ""}`
  }

  readonly note = (line: string): Effect.Effect<void> => Effect.sync(() => void this.log.push(line))

  /** A link that holds until `death`. */
  readonly link = (): Effect.Effect<void> => Deferred.await(this.death)

  die(): void {
    Deferred.doneUnsafe(this.death, Exit.void)
  }

  check(job: Job): void {
    this.crew.check(this.worker, job)
  }

  close(): void {
    this.crew.close(this.worker)
  }

  /** What has been said since the last time. */
  said(): ReadonlyArray<string> {
    return this.log.splice(0)
  }
}

/** The worker has opened its resource. */
const openShop = (
  parts: Partial<Parts> | ((shop: () => Shop) => Partial<Parts>),
  place: Partial<Premises> = {}
): Effect.Effect<Shop> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const made: Shop = new Shop(context, typeof parts === "function" ? parts(() => made) : parts, place)
    made.open()
    while (made.log.length === 0) yield* Effect.yieldNow
    assert.deepStrictEqual(made.said(), ["ready 0.1"])
    return made
  })

const fine = Effect.succeed(true)

describe("a check", () => {
  const jobs: ReadonlyArray<"validate" | "probe" | "reset"> = ["validate", "probe", "reset"]

  for (const job of jobs) {
    const answers: ReadonlyArray<[string, () => unknown, boolean, string | undefined]> = [
      ["true", () => fine, true, undefined],
      ["nothing", () => Effect.void, true, undefined],
      ["true after a while", () => Effect.andThen(Effect.yieldNow, fine), true, undefined],
      ["false", () => Effect.succeed(false), job === "reset", undefined],
      ["a failure", () => Effect.fail(new Error("ECONNRESET")), false, "ECONNRESET"],
      ["a defect", () => Effect.die(new Error("boom")), false, "boom"],
      ["its own interruption", () => Effect.interrupt, false, "All fibers interrupted without error"],
      [
        "a throw instead of an Effect",
        () => {
          throw new Error("thrown")
        },
        false,
        "thrown"
      ],
      ["a Promise instead of an Effect", () => Promise.resolve(true), false, "Not a valid effect"],
      ["nothing instead of an Effect", () => undefined, false, "Not a valid effect"],
      [
        "what is no Effect, half-way",
        () => Effect.flatMap(Effect.yieldNow, () => untyped<Effect.Effect<void>>(7)),
        false,
        "Not a valid effect"
      ],
      ["a finalizer that dies", () => Effect.addFinalizer(() => Effect.die(new Error("late"))), false, "late"]
    ]
    it.effect.each(answers)(`"${job}" that ends in %s`, ([, run, ok, why]) =>
      Effect.gen(function*() {
        const shop = yield* openShop({ [job]: () => untyped<Effect.Effect<boolean>>(run()) })
        shop.check(job)
        yield* settle
        assert.deepStrictEqual(shop.said(), [`${job} ${ok}`])
        const messages = shop.causes.map((cause) =>
          String(untyped<Error>(Cause.squash(cause)).message ?? Cause.squash(cause))
        )
        if (why === undefined) assert.deepStrictEqual(messages, [])
        else assert.include(messages[0], why)
        assert.strictEqual(shop.crew.size, 1, "it is the machine that says who is to close")
        shop.close()
        yield* settle
        assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
      }))

    it.effect(`"${job}" with nothing to run is well at once`, () =>
      Effect.gen(function*() {
        const shop = yield* openShop({})
        shop.check(job)
        assert.deepStrictEqual(shop.said(), [`${job} true`])
      }))

    it.effect(`"${job}" gets the resource, and a scope of its own that ends before its verdict`, () =>
      Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          [job]: (resource: unknown) =>
            Effect.andThen(Effect.addFinalizer(() => shop().note("let go")), shop().note(String(resource)))
        }))
        shop.check(job)
        yield* settle
        shop.check(job)
        yield* settle
        const once = ["the resource", "let go", `${job} true`]
        assert.deepStrictEqual(shop.said(), [...once, ...once])
      }))
  }

  it.effect("its scope is closed before the verdict also where what it returned was no Effect", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        validate: () =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.andThen(Effect.yieldNow, shop().note("let go"))),
            Effect.flatMap(Effect.void, () => untyped<Effect.Effect<boolean>>(undefined))
          )
      }))
      shop.check("validate")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["let go", "validate false"])
    }))

  it.effect("what it forked in its scope ends with it", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        reset: () =>
          Effect.forkScoped(Effect.onInterrupt(Effect.never, () => shop().note("stopped")), { startImmediately: true })
      }))
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "reset true"])
    }))

  it.effect("runs in the pool's context", () =>
    Effect.gen(function*() {
      class Who extends Context.Reference<string>("test/Who", { defaultValue: () => "nobody" }) {}
      const shop = yield* Effect.provideService(
        openShop((shop) => ({ probe: () => Effect.flatMap(Who, (who) => shop().note(who)) })),
        Who,
        "the pool"
      )
      shop.check("probe")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["the pool", "probe true"])
    }))

  it.effect("while another is under way is none, and the next one is again", () =>
    Effect.gen(function*() {
      const answer = Deferred.makeUnsafe<boolean>()
      const shop = yield* openShop({ validate: () => Deferred.await(answer), shouldRetire: () => false })
      for (const job of ["validate", "validate", "probe", "judge", "reset"] as const) shop.check(job)
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      Deferred.doneUnsafe(answer, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(shop.said(), ["validate true"])
      for (const job of ["judge", "validate"] as const) shop.check(job)
      yield* settle
      assert.deepStrictEqual(shop.said(), ["judge true", "validate true"])
    }))

  it.effect("of a worker that holds nothing, not yet or not any more, says nothing", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const opening = new Shop(context, { factory: Effect.never, validate: () => fine, shouldRetire: () => true })
        .open()
      for (const job of ["validate", "reset", "judge"] as const) opening.check(job)
      yield* settle
      assert.deepStrictEqual(opening.said(), [])

      const told = yield* openShop({ validate: () => fine, shouldRetire: () => true })
      told.close()
      for (const job of ["validate", "reset", "judge"] as const) told.check(job)
      yield* settle
      assert.deepStrictEqual(told.said(), ["closed", "exited Closed"])

      const dead = yield* openShop((shop) => ({ link: () => shop().link(), validate: () => fine }))
      dead.die()
      dead.check("validate")
      yield* settle
      assert.deepStrictEqual(dead.said(), ["died", "closed", "exited Closed"])
    }))
})

describe("shouldRetire", () => {
  it.effect("is asked by \"judge\", with the numbers and the resource, and answers at once", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      let retire = true
      const shop = yield* openShop({
        reset: () => Effect.die("not asked for"),
        shouldRetire: (...given) => {
          asked.push(given)
          return retire
        }
      })
      shop.check("judge")
      retire = false
      shop.check("judge")
      assert.deepStrictEqual(shop.said(), ["judge false", "judge true"])
      assert.deepStrictEqual(asked, [[info, "the resource"], [info, "the resource"]])
      assert.deepStrictEqual(shop.causes, [])
    }))

  it.effect("that throws says yes, and what it threw is reported", () =>
    Effect.gen(function*() {
      const shop = yield* openShop({
        shouldRetire: () => {
          throw new Error("boom")
        }
      })
      shop.check("judge")
      shop.check("reset")
      assert.deepStrictEqual(shop.said(), ["judge false", "reset false"])
      assert.deepStrictEqual(shop.causes.map((cause) => untyped<Error>(Cause.squash(cause)).message), ["boom", "boom"])
    }))

  it.effect("that gives neither true nor false has not said yes", () =>
    Effect.gen(function*() {
      const shop = yield* openShop({ shouldRetire: () => untyped(Promise.resolve(true)) })
      shop.check("judge")
      assert.deepStrictEqual(shop.said(), ["judge true"])
    }))

  it.effect("is asked first on return, and what it retires is not reset (H15)", () =>
    Effect.gen(function*() {
      let retire = false
      const shop = yield* openShop((shop) => ({
        reset: () => shop().note("reset"),
        shouldRetire: () => {
          shop().log.push("asked")
          return retire
        }
      }))
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["asked", "reset", "reset true"])
      retire = true
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["asked", "reset false"])
    }))
})

/** A check that goes on until it is interrupted, and takes a while over that. */
const stubborn = (shop: () => Shop) => () =>
  Effect.onInterrupt(
    Effect.andThen(Effect.addFinalizer(() => Effect.andThen(Effect.yieldNow, shop().note("let go"))), Effect.never),
    () => Effect.andThen(Effect.yieldNow, shop().note("stopped"))
  )

describe("a worker that is told to close during a check", () => {
  it.effect("says nothing of the check, and closes the resource only after all of it has ended (F-4)", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ reset: stubborn(shop) }))
      shop.check("reset")
      yield* settle
      shop.close()
      assert.deepStrictEqual(shop.said(), [], "not on the spot: the check takes a while over it")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go", "closed", "exited Closed"])
      assert.strictEqual(shop.crew.size, 0)
    }))

  it.effect("does so also where the link does not obey its interruption", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => Effect.uninterruptible(shop().link()),
        reset: stubborn(shop)
      }))
      shop.check("reset")
      yield* settle
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go"])
      shop.die()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
    }))

  it.effect("before the check has taken its first step closes all the same", () =>
    Effect.gen(function*() {
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      let hold = false
      const shop = yield* openShop(
        (shop) => ({ validate: () => Effect.as(shop().note("checked"), true) }),
        { fork: (effect) => fork(hold ? Effect.andThen(Effect.yieldNow, effect) : effect) }
      )
      hold = true
      shop.check("validate")
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
    }))

  it.effect("waits for one that cannot be interrupted, and is given up as any closing is", () =>
    Effect.gen(function*() {
      const end = Deferred.makeUnsafe<void>()
      const shop = yield* openShop({ reset: () => Effect.uninterruptible(Deferred.await(end)) })
      shop.check("reset")
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      shop.crew.giveUp(shop.worker)
      assert.deepStrictEqual(shop.said(), ["exited Closed, abandoned"])
      yield* settle
      assert.deepStrictEqual(shop.said(), [], "a reset must not run on a closed resource")
      Deferred.doneUnsafe(end, Exit.void)
      yield* settle
      assert.deepStrictEqual(
        shop.said(),
        ["closed"],
        "when it ends after all it is closed, and nobody wants to hear of it"
      )
    }))

  it.effect("in the very step in which the check answers says either, never both, and closes once", () =>
    Effect.gen(function*() {
      const answer = () => Deferred.makeUnsafe<boolean>()
      const late = answer()
      const told = yield* openShop({ validate: () => Deferred.await(late) })
      told.check("validate")
      told.close()
      Deferred.doneUnsafe(late, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(told.said(), ["closed", "exited Closed"])

      const early = answer()
      const answered = yield* openShop({ validate: () => Deferred.await(early) })
      answered.check("validate")
      yield* settle
      Deferred.doneUnsafe(early, Exit.succeed(true))
      answered.close()
      yield* settle
      assert.deepStrictEqual(answered.said(), ["validate true", "closed", "exited Closed"])
    }))

  it("whatever the order of their steps", () =>
    interleavings({
      outcomes: ["answered", "told"],
      race: Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          validate: () =>
            Effect.gen(function*() {
              yield* Effect.addFinalizer(() => shop().note("let go"))
              for (let i = 0; i < 3; i++) yield* Effect.yieldNow
              return true
            })
        }))
        shop.check("validate")
        for (let i = 0; i < 3; i++) yield* Effect.yieldNow
        shop.close()
        while (!shop.log.includes("exited Closed")) yield* Effect.yieldNow
        const said = shop.said().filter((line) => line !== "let go")
        if (said.length === 2) {
          assert.deepStrictEqual(said, ["closed", "exited Closed"])
          return "told" as const
        }
        assert.deepStrictEqual(said, ["validate true", "closed", "exited Closed"])
        return "answered" as const
      })
    }))
})

describe("a resource that dies during a check", () => {
  it.effect("is reported at once, and closed when the check has ended, of which nothing is said", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ link: () => shop().link(), reset: stubborn(shop) }))
      shop.check("reset")
      yield* settle
      shop.die()
      assert.deepStrictEqual(shop.said(), ["died"])
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go", "closed", "exited Closed"])
    }))

  it.effect("of the very first step of the check, too", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => shop().link(),
        validate: () => Effect.andThen(Effect.sync(() => shop().die()), Effect.never)
      }))
      shop.check("validate")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["died", "closed", "exited Closed"])
    }))

  it.effect("when the check cannot be interrupted is given up as any closing is", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => shop().link(),
        validate: () => Effect.uninterruptible(Effect.never)
      }))
      shop.check("validate")
      shop.die()
      yield* settle
      shop.crew.giveUp(shop.worker)
      yield* settle
      assert.deepStrictEqual(shop.said(), ["died", "exited Closed, abandoned"])
    }))

  it("whatever the order of their steps", () =>
    interleavings({
      outcomes: ["answered", "died"],
      race: Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          link: () => shop().link(),
          probe: () => Effect.forEach([1, 2, 3], () => Effect.yieldNow)
        }))
        shop.check("probe")
        for (let i = 0; i < 3; i++) yield* Effect.yieldNow
        shop.die()
        while (!shop.log.includes("exited Closed")) yield* Effect.yieldNow
        const said = shop.said()
        const [first] = said
        assert.deepStrictEqual(first === "died" ? said : said.slice(1), ["died", "closed", "exited Closed"])
        return first === "died" ? "died" as const : "answered" as const
      })
    }))
})

describe("a worker that gives its resource away", () => {
  it.effect("says nothing, is forgotten, and leaves the closing to whoever got the scope", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () =>
          Effect.onInterrupt(
            Effect.andThen(Effect.addFinalizer(() => shop().note("listener removed")), shop().link()),
            () => shop().note("link ended")
          )
      }))
      const scope = shop.crew.detach(shop.worker)
      assert.isDefined(scope)
      assert.strictEqual(shop.crew.size, 0)
      assert.deepStrictEqual(shop.said(), [], "its link is the user's code, which has no place in a turn")
      for (const job of shop.jobs) job()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["link ended"])
      shop.check("validate")
      shop.close()
      shop.crew.giveUp(shop.worker)
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      assert.isUndefined(shop.crew.detach(shop.worker))
      if (scope !== undefined) yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(shop.said(), ["listener removed", "closed"])
    }))

  it.effect("and dies after that, before its link has heard of it, is not reported and not closed", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ link: () => shop().link() }))
      const scope = shop.crew.detach(shop.worker)
      shop.die()
      for (const job of shop.jobs) job()
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      if (scope !== undefined) yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(shop.said(), ["closed"])
    }))

  it.effect("has nobody left who watches it: its fiber has ended", () =>
    Effect.gen(function*() {
      const run = Effect.runForkWith(yield* Effect.context<never>())
      let ended = 0
      const fork: Premises["fork"] = (effect) => {
        const fiber = run(effect)
        fiber.addObserver(() => ended++)
        return fiber
      }
      const shop = yield* openShop({}, { fork })
      shop.crew.detach(shop.worker)
      for (const job of shop.jobs) job()
      yield* settle
      assert.strictEqual(ended, 1)
    }))

  it.effect("does so only while it holds one", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const opening = new Shop(context, { factory: Effect.never }).open()
      assert.isUndefined(opening.crew.detach(opening.worker))
      const told = yield* openShop({ link: () => Effect.uninterruptible(Effect.never) })
      told.close()
      assert.isUndefined(told.crew.detach(told.worker))
      const dead = yield* openShop((shop) => ({ link: () => shop().link() }))
      dead.die()
      assert.isUndefined(dead.crew.detach(dead.worker))
      assert.isUndefined(dead.crew.detach(new Worker(2)))
      yield* settle
      assert.deepStrictEqual(dead.said(), ["died", "closed", "exited Closed"])
    }))
})

describe("the jitter of a resource", () => {
  it.effect("is drawn once, from the Random of the pool's context (H7)", () =>
    Effect.gen(function*() {
      const drawn = (seed: string) =>
        Effect.gen(function*() {
          const context = yield* Effect.context<never>()
          const settings = settingsOf({ factory: Effect.succeed({}), size: 1 }, "db")
          if (settings instanceof Error) return yield* Effect.die(settings)
          const jitters: Array<number> = []
          const crew = crewOf(
            {
              settings,
              host: new Host(context),
              post: (message) => message._tag === "Ready" && jitters.push(message.jitter),
              infoOf: () => info,
              launch: (job) => job(),
              log: () => {}
            },
            untyped<Parts>({ factory: Effect.succeed({}) }),
            Effect.runForkWith(context)
          )
          for (let id = 0; id < 3; id++) crew.open(new Worker(id))
          crew.closeAll()
          return jitters
        }).pipe(Random.withSeed(seed))
      const jitters = yield* drawn("a")
      assert.strictEqual(new Set(jitters).size, 3)
      assert.isTrue(jitters.every((jitter) => jitter >= 0 && jitter < 1))
      assert.deepStrictEqual(yield* drawn("a"), jitters)
      assert.notDeepEqual(yield* drawn("b"), jitters)
    }))
})
