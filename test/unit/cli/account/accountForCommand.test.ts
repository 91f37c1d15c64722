import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountForCommand } from "../../../../provider/cli/account/accountForCommand";
import { Refusal } from "../../../../provider/cli/problems";
import type { PulumiProject } from "../../../../provider/cli/pulumi/project";
import type { CommandContext } from "../../../../provider/cli/commandContext";
import { DEFAULT_BASE_URL, readSettings } from "../../../../provider/config";

const ENVIRONMENT = { ELECTRONHUB_API_KEY: "ek-of-env", ELECTRONHUB_MAX_WAIT: "5m" };
const STACK_URL = "https://api.stack.example/v1";

let root = "";
/** Inside a project, and outside of any. */
let inside = "";
let outside = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "account-"));
  inside = join(root, "project", "src");
  outside = join(root, "other");
  for (const folder of [inside, outside]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, "project", "Pulumi.yaml"), "name: app\nruntime: nodejs\n");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Configs = Record<string, Record<string, string> | Error>;

interface Setup {
  configs?: Configs;
  selected?: string;
  environment?: Record<string, string>;
  /** The project cannot be opened. */
  closed?: Error;
}

/** The settings of the account that a command speaks to. */
async function settingsOf(
  choice: { stack?: string; dir?: string },
  { configs = {}, selected, environment = ENVIRONMENT, closed }: Setup = {},
) {
  const project = {
    program: () => Promise.resolve({ folder: inside, runtime: "nodejs" }),
    configEntries: (stack: string) => {
      const config = configs[stack] ?? new Refusal({ why: `no stack named '${stack}' found`, nextStep: "" });
      if (config instanceof Error) return Promise.reject(config);
      const entries = Object.entries(config).map(([key, value]) => [key, { value, secret: false }] as const);
      return Promise.resolve(Object.fromEntries(entries));
    },
    stacks: () => Promise.resolve(Object.keys(configs).map((name) => ({ name, current: name === selected }))),
  } as unknown as PulumiProject;
  const accounts = {
    forSettings: (stack?: Record<string, string>) =>
      readSettings({ stack: (key) => stack?.[key], environment }),
  };
  const open = () => (closed === undefined ? Promise.resolve(project) : Promise.reject(closed));
  const world = { accounts, environment } as unknown as CommandContext;
  return accountForCommand({ dir: inside, ...choice }, world, open) as unknown as Promise<
    ReturnType<typeof readSettings>
  >;
}

describe("the settings of a command's account", () => {
  const dev = { "electronhub:baseUrl": STACK_URL };
  const whole = { ...dev, "electronhub:apiKey": "ek-of-stack" };

  it("are each the stack's, or else the environment's", async () => {
    const configs = { dev, whole };
    for (const [stack, apiKey] of [
      ["dev", "ek-of-env"],
      ["whole", "ek-of-stack"],
    ] as const) {
      const expected = { apiKey, baseUrl: STACK_URL, maxWaitMs: 300_000 };
      expect(await settingsOf({ stack }, { configs })).toMatchObject(expected);
      expect(await settingsOf({}, { configs, selected: stack })).toMatchObject(expected);
      const environment = { ...ENVIRONMENT, PULUMI_STACK: stack };
      expect(await settingsOf({}, { configs, selected: "other", environment })).toMatchObject(expected);
    }
  });

  it("are the environment's where there is no stack, or one without settings", async () => {
    const expected = { apiKey: "ek-of-env", baseUrl: DEFAULT_BASE_URL };
    const closed = new Error("Pulumi is not to be asked.");
    expect(await settingsOf({ dir: outside }, { closed })).toMatchObject(expected);
    expect(await settingsOf({}, { configs: { dev } })).toMatchObject(expected);
    expect(await settingsOf({}, { configs: { bare: {} }, selected: "bare" })).toMatchObject(expected);
  });

  it("are refused, naming the stack as what is missing, when there is neither a selected stack nor an API key", async () => {
    const why = "No stack is selected, and the environment has no API key.";
    await expect(settingsOf({}, { configs: { whole }, environment: {} })).rejects.toMatchObject({
      why,
      nextStep: expect.stringContaining("--stack"),
    });
    // Without stacks there is none to name.
    await expect(settingsOf({}, { environment: {} })).rejects.toThrow(
      /No Electron Hub API key is configured/,
    );
  });

  it("are refused when the stack cannot be read, though the environment has an API key", async () => {
    const unreadable = new Refusal({
      why: "The stack's secrets cannot be read.",
      nextStep: "Set the passphrase.",
    });
    const configs = { dev: unreadable };
    await expect(settingsOf({ stack: "dev" }, { configs })).rejects.toBe(unreadable);
    await expect(settingsOf({}, { configs, selected: "dev" })).rejects.toBe(unreadable);
    await expect(settingsOf({}, { closed: unreadable })).rejects.toBe(unreadable);
    await expect(settingsOf({ stack: "dev", dir: outside }, { closed: unreadable })).rejects.toBe(unreadable);
    for (const PULUMI_STACK of ["nowhere", ""]) {
      const environment = { ...ENVIRONMENT, PULUMI_STACK };
      await expect(settingsOf({}, { configs: { dev }, selected: "dev", environment })).rejects.toThrow(
        Refusal,
      );
    }
  });
});
