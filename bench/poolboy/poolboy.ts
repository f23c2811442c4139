/** Poolboy on the BEAM, where Erlang and poolboy are installed. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { deadlineMillis } from "../drivers/plan.ts"
import type { ForeignProgram } from "../harness/workload.ts"

const driver = fileURLToPath(new URL("driver.escript", import.meta.url))

/** What the driver has to say about itself, or why it cannot run. */
const ask = async (): Promise<Readonly<Record<string, string>>> => {
  try {
    const { stdout } = await promisify(execFile)("escript", [driver, "versions"])
    return JSON.parse(stdout) as Record<string, string>
  } catch (error) {
    const { code, stdout } = error as { readonly code?: unknown; readonly stdout?: string }
    if (code === "ENOENT") return { error: "Erlang is not installed (Debian: erlang-base)" }
    if (stdout?.startsWith("{")) return JSON.parse(stdout) as Record<string, string>
    throw error
  }
}

export const poolboy: ForeignProgram = {
  name: "poolboy",
  // Erlang compiles the driver in memory, each time it starts.
  prepare: async () => {
    const { error, otp, poolboy } = await ask()
    if (error !== undefined) return { missing: error }
    return {
      command: (workload, size) => ({
        command: "escript",
        args: [driver, workload, String(size), String(deadlineMillis(size))]
      }),
      version: `poolboy ${poolboy} on OTP ${otp}, one scheduler`
    }
  }
}
