import { join } from "node:path";
import { defineConfig } from "vitest/config";
import ClosingLine from "./support/closingLine.mts";

const root = join(import.meta.dirname, "..");

/**
 * `dist` is what users run and what the plugin process loads, so tests that import the package by its own name must get
 * the built files as they are: no transform may touch the code that Pulumi serializes.
 */
const server = { deps: { external: [/\/dist\//] } };

/**
 * For the examples, whose package.json ends the scope in which the package resolves by its own name. For tests the entry
 * points are the same files.
 */
const alias = [
  { find: /^pulumi-electronhub$/, replacement: join(root, "dist", "index.js") },
  { find: /^pulumi-electronhub\/testing$/, replacement: join(root, "dist", "testing", "index.js") },
  // What takes the keys of examples.
  {
    find: /^@pulumi\/(github|kubernetes)$/,
    replacement: join(root, "test", "examples", "standIns", "$1.ts"),
  },
];

/** Unit tests with Pulumi's mocks, which replace parts of the SDK for good: each file needs a process of its own. */
const MOCKED = ["test/unit/resources/**/*.test.ts"];

/** The timeout is far more than any test needs, even on a busy machine. */
const quick = { root, server, alias, testTimeout: 60_000 };

/** Tests that start the real engine, or install the package: after the quick ones, so that nothing competes with them. */
const slow = {
  root,
  server,
  alias,
  testTimeout: 120_000,
  // A first run may have to build the Pulumi CLI.
  hookTimeout: 900_000,
  sequence: { groupOrder: 1 },
  globalSetup: ["test/support/quickProcesses.ts"],
  execArgv: ["--require", join(root, "test", "support", "quickHost", "lazyArborist.cjs")],
};

/**
 * Tests of the engine that run once more, with the keys of the provider plugin. The others run like this by
 * `DOOR=plugin npm run test:engine -- FILE`.
 */
const THROUGH_BOTH_DOORS = [
  "engine/account",
  "engine/adopt",
  "engine/adoptMoves",
  "engine/create",
  "engine/credentials",
  "engine/destroy",
  "engine/drift",
  "engine/expiry",
  "engine/guards",
  "engine/interruption",
  "engine/labels",
  "engine/lifecycle",
  "engine/lostCreation",
  "engine/options",
  "engine/orphan",
  "engine/outputs",
  "engine/plans",
  "engine/rotatingProxyKey",
  "engine/rotatingTargets",
  "engine/rotation",
  "engine/secrets",
  "engine/settings",
  "engine/validation",
  "examples/policy",
].map((file) => `test/${file}.test.ts`);

export default defineConfig({
  test: {
    root,
    // Two keep two cores less than busy, since some tests wait; with four, what has to end within a time is late.
    maxWorkers: 3,
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        test: {
          ...quick,
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          exclude: MOCKED,
          // Pure functions: much of their time is to load them.
          isolate: false,
        },
      },
      {
        test: {
          ...quick,
          name: "properties",
          include: ["test/properties/**/*.test.ts", "test/matrix/**/*.test.ts"],
        },
      },
      {
        test: {
          ...quick,
          name: "http",
          include: ["test/http/**/*.test.ts", "test/live/**/*.test.ts", ...MOCKED],
        },
      },
      {
        test: {
          ...slow,
          name: "engine",
          include: ["test/engine/**/*.test.ts", "test/examples/**/*.test.ts"],
        },
      },
      {
        test: {
          ...slow,
          name: "plugin",
          include: ["test/plugin/**/*.test.ts", ...THROUGH_BOTH_DOORS],
          env: { DOOR: "plugin" },
          // A stack in another language goes through all its steps in one test.
          testTimeout: 600_000,
        },
      },
      {
        test: {
          ...slow,
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          // A run may wait for an orphan to end, or for the engine to give up on a full disk.
          testTimeout: 300_000,
        },
      },
      {
        test: {
          ...slow,
          name: "fuzz",
          include: ["test/fuzz/**/*.test.ts"],
          // A sequence is several commands of the engine.
          testTimeout: 300_000,
        },
      },
      {
        test: {
          ...slow,
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
        },
      },
      { test: { ...slow, name: "package", include: ["test/package/**/*.test.ts"] } },
    ],
  },
});
