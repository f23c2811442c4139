import * as os from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: {
    alias: [
      { find: /^whitepool$/, replacement: source("index.ts") },
      { find: /^whitepool\/pools$/, replacement: source("pools.ts") },
      { find: /^whitepool\/(channel|actor)$/, replacement: source("$1/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: Math.max(2, Math.min(4, os.availableParallelism())),
    reporters: ["default"],
    testTimeout: 30_000,
    unstubEnvs: true,
    unstubGlobals: true,
    restoreMocks: true
  }
})
