/** What users write, type-checked only. It names every export; a line that must be refused stands below its `@ts-expect-error`. */
export const TYPED = `
import * as pulumi from "@pulumi/pulumi";
import {
  Account,
  getAccount,
  getAccountOutput,
  getProxyKey,
  getProxyKeyOutput,
  getProxyKeys,
  getProxyKeysOutput,
  importProxyKeys,
  ProxyKey,
  RotatingProxyKey,
  validateProxyKey,
  validateProxyKeyOutput,
  type AccountArgs,
  type GetAccountResult,
  type GetProxyKeyArgs,
  type GetProxyKeyResult,
  type GetProxyKeysArgs,
  type ImportProxyKeysArgs,
  type InvokeOptions,
  type ProxyKeyArgs,
  type ProxyKeyImport,
  type ProxyKeyInfo,
  type ProxyKeyProperties,
  type RotatingProxyKeyArgs,
  type RotationArgs,
  type ValidateProxyKeyArgs,
  type ValidateProxyKeyResult,
} from "pulumi-electronhub";
import * as handler from "pulumi-electronhub/handler";

const args: ProxyKeyArgs = {
  budget: 25,
  budgetWindow: "monthly",
  models: ["gpt-4o-mini", pulumi.output("gpt-4o")],
  allowedIps: pulumi.output(["10.0.0.0/8"]),
  expiresAt: "2030-01-01",
  enabled: pulumi.secret(true),
  onDestroy: "disable",
  refuseIfUsedWithin: "24h",
};
const bot = new ProxyKey("bot", args, { protect: true });
new ProxyKey("all", { budget: pulumi.output(1), models: "all", allowedIps: "any", expiresAt: 1_900_000_000 });

export const key: pulumi.Output<string> = bot.key;
export const budget: pulumi.Output<number> = bot.budget;
export const urn: pulumi.Output<string> = bot.urn;
export const used: pulumi.Output<string | undefined> | undefined = bot.lastUsedAt;
export const budgetOutput: ProxyKeyProperties["budget"] = bot.budget;

const rotation: RotationArgs = { rotateEvery: "30d", overlap: "7d" };
const rotatingArgs: RotatingProxyKeyArgs = { ...rotation, budget: 3, models: ["gpt-4o-mini"] };
export const rotating = new RotatingProxyKey("rotating", rotatingArgs);
export const current: pulumi.Output<string> = rotating.current;

const accountArgs: AccountArgs = { apiKey: pulumi.secret("ek-x"), maxWait: "1m" };
const account = new Account("team", accountArgs);
new ProxyKey("of the team", { budget: 1 }, { provider: account });
export const isOurs: boolean = Account.isInstance(account) && ProxyKey.isInstance(bot) && RotatingProxyKey.isInstance(rotating);

const options: InvokeOptions = { provider: account };
const one: GetProxyKeyArgs = { name: "bot" };
const some: GetProxyKeysArgs = { namePrefix: "ci-", expiresWithin: "7d" };
const imported: ImportProxyKeysArgs = { ...some, budgetWindow: "weekly" };
const validated: ValidateProxyKeyArgs = { key: "ek-proxy-x", model: "gpt-4o" };
export async function results() {
  const balance: GetAccountResult = await getAccount(options);
  const found: GetProxyKeyResult = await getProxyKey(one, options);
  const infos: ProxyKeyInfo[] = await getProxyKeys(some);
  const file: ProxyKeyImport = await importProxyKeys(imported);
  const { valid }: ValidateProxyKeyResult = await validateProxyKey(validated);
  const names: readonly string[] = [found.name, ...infos.map(({ name }) => name), ...file.names];
  const credits: number = balance.credits;
  return { credits, names, isExpired: found.expired, budget: found.budget, valid };
}
export const outputs: pulumi.Output<[GetAccountResult, GetProxyKeyResult, ProxyKeyInfo[], ValidateProxyKeyResult]> =
  pulumi.all([
    getAccountOutput(options),
    getProxyKeyOutput({ fingerprint: bot.fingerprint }),
    getProxyKeysOutput(some),
    validateProxyKeyOutput({ key: bot.key }),
  ]);

const { check, configure, create, diff, read, rotation: records, update, delete: remove } = handler;
export const verbs = [check, configure, create, diff, read, update, remove, records.check];

// @ts-expect-error an input that does not exist
new ProxyKey("a", { budget: 1, budgets: 2 });
// @ts-expect-error no budget
new ProxyKey("b", {});
// @ts-expect-error no inputs at all
new ProxyKey("c");
// @ts-expect-error a budget that is no number
new ProxyKey("d", { budget: "25" });
// @ts-expect-error a window that does not exist
new ProxyKey("e", { budget: 1, budgetWindow: "yearly" });
// @ts-expect-error one model instead of a list
new ProxyKey("f", { budget: 1, models: 4 });
// @ts-expect-error an end that does not exist
new ProxyKey("g", { budget: 1, onDestroy: "forget" });
// @ts-expect-error an output of the wrong type
new ProxyKey("h", { budget: pulumi.output("1") });
// @ts-expect-error the key is the account's to make
new ProxyKey("i", { budget: 1, key: "ek-proxy-mine" });
// @ts-expect-error outputs are read, not written
bot.key = pulumi.output("mine");
// @ts-expect-error a rotation decides when its keys expire
new RotatingProxyKey("j", { ...rotation, budget: 1, expiresAt: "2030-01-01" });
// @ts-expect-error an account without an API key
new Account("k", {});
// @ts-expect-error no such way to find a key
export const byModel: GetProxyKeyArgs = { model: "gpt-4o" };
// @ts-expect-error a resource that is no account
export const ofKey: InvokeOptions = { provider: bot };
// @ts-expect-error what no version promises
export type { ProxyKeyState } from "pulumi-electronhub";
`;

/** A user's test with the simulator, without Pulumi. It names every export of `pulumi-electronhub/testing`. */
export const TYPED_TEST = `
import {
  bareNotFound,
  DEFAULT_DIALECT,
  echoSecrets,
  edgePage,
  emptyBody,
  hugeJson,
  KEY_CAPS,
  malformedJson,
  ManualClock,
  realClock,
  redirectTo,
  startSimulator,
  tooManyRequestsWithoutHeaders,
  type AccountOptions,
  type AccountPermissions,
  type Dialect,
  type FaultedRequest,
  type FaultEffect,
  type FaultMatch,
  type FaultSpec,
  type InjectedFault,
  type JournalEntry,
  type JsonValue,
  type KeyCapTier,
  type LimitType,
  type OutsideChange,
  type OutsideKey,
  type SimulatedAccount,
  type SimulatedClock,
  type SimulatedKey,
  type SimulatedRateLimit,
  type Simulator,
  type SimulatorOptions,
  type Violation,
  type ViolationKind,
} from "pulumi-electronhub/testing";

const tier: KeyCapTier = "pro";
const rateLimit: SimulatedRateLimit = { limit: 10, windowMs: 60_000 };
const permissions: AccountPermissions = { manageProxyKeys: true };
const main: AccountOptions = { name: "main", balance: 10, tier, rateLimit, permissions, keyCap: KEY_CAPS.pro };
const clock: SimulatedClock = Math.random() < 0.5 ? new ManualClock(0) : realClock;
const dialect: Dialect = { ...DEFAULT_DIALECT, retryAfter: "date" };
const options: SimulatorOptions = { accounts: [main], clock, dialect };
export const started: Promise<Simulator> = startSimulator(options);

const effects: FaultEffect[] = [
  bareNotFound(),
  echoSecrets(500),
  edgePage(502),
  emptyBody(200),
  hugeJson(1_000),
  malformedJson(),
  redirectTo("http://127.0.0.1:9", 307),
  tooManyRequestsWithoutHeaders(),
  { status: 403, body: ({ path }: FaultedRequest): JsonValue => ({ error: { message: path } }) },
];
const on: FaultMatch = { method: "POST", keyName: /^ci-/ };

export async function test(): Promise<void> {
  const simulator = await started;
  const account: SimulatedAccount = simulator.account();
  const outside: OutsideKey = { name: "bot", allocatedAmount: 5, limitType: "weekly" };
  const change: OutsideChange = { isActive: false };
  const key: SimulatedKey = account.addKey(outside);
  const window: LimitType = account.updateKey(key.name, change).limitType;
  for (const effect of effects) {
    const spec: FaultSpec = { ...effect, on, times: 1 };
    const fault: InjectedFault = simulator.inject(spec);
    await fault.reached();
  }
  const entries: readonly JournalEntry[] = simulator.journal;
  const violations: readonly Violation[] = simulator.violations;
  const kinds: ViolationKind[] = violations.map(({ kind }) => kind);
  console.log(window, entries.length, kinds);
  await simulator.close();
}

// @ts-expect-error an input that does not exist, of the simulator
export const wrong = startSimulator({ account: "main" });
// @ts-expect-error a key cannot be changed by its copy
export const renamed = (key: SimulatedKey) => (key.name = "other");
`;
