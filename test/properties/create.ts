import type { Transport } from "../../provider/api/transport";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { InstantClock } from "../matrix/instantClock";
import { AccountModel, type Fate, type Interference } from "./accountModel";

type Properties = Record<string, unknown>;

export interface Attempt {
  readonly fates: readonly Fate[];
  /** The declared name. Absent: generated. */
  readonly name?: string | undefined;
  readonly budgetWindow?: "daily" | "weekly" | "monthly";
  /** The ages of existing keys with the same name and settings. */
  readonly twinsBeforeAgoMs?: readonly number[];
  readonly interferences?: readonly Interference[];
  readonly aheadMs?: number;
  readonly saysTheTime?: boolean;
  readonly maxWait?: string;
}

export interface Made {
  readonly account: AccountModel;
  readonly verdict: "made" | "saved" | "failed";
  /** The key that the engine records. */
  readonly key: string | undefined;
  /** The window that the engine records. */
  readonly window: unknown;
  readonly message: string;
  /** The warnings. */
  readonly lines: readonly string[];
}

const WIRE = {
  allocated_ammount: 10,
  expires_at: -1,
  model_whitelist: [],
  ip_whitelist: [],
  limit_type: "daily",
};

/** Runs one create with a model of an account. */
export async function attemptCreate({
  fates,
  name,
  budgetWindow = "daily",
  twinsBeforeAgoMs = [],
  interferences = [],
  aheadMs = 0,
  saysTheTime = true,
  maxWait = "10m",
}: Attempt): Promise<Made> {
  const clock = new InstantClock(Date.UTC(2026, 0, 1) + 437);
  let made = 0;
  const account = new AccountModel({
    clock,
    fates,
    aheadMs,
    saysTheTime,
    interferences,
    makeKey: () => `ek-proxy-${String(++made).padStart(24, "k")}`,
  });
  for (const agoMs of twinsBeforeAgoMs) account.add("before", { ...WIRE, name: name ?? "someone" }, agoMs);
  const lines: string[] = [];
  const lifecycle = processOn(account, clock, maxWait, (line) => lines.push(line));
  const declared = {
    budget: 10,
    budgetWindow,
    __resourceName: "web",
    ...(name === undefined ? {} : { name }),
  };
  const { inputs = {} } = await lifecycle.check({}, declared);
  try {
    const { outs } = await lifecycle.create(inputs);
    const { key, budgetWindow: window } = outs as Properties;
    return { account, verdict: "made", key: key as string, window, message: "", lines };
  } catch (error) {
    const { message, properties } = error as { message: string; properties?: Properties };
    const { key, budgetWindow: window } = properties ?? {};
    const verdict = properties ? "saved" : "failed";
    return { account, verdict, key: key as string | undefined, window, message, lines };
  }
}

function processOn(
  transport: Transport,
  clock: InstantClock,
  maxWait: string,
  report: (line: string) => void = () => {},
): DynamicProvider {
  let generated = 4;
  return new DynamicProvider({
    clock,
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count).fill(++generated),
    transport,
    report,
    environment: {
      ELECTRONHUB_API_KEY: "ek-Zk83hQ0vLrT6mXw1NbPc57JyGdEa92",
      ELECTRONHUB_BASE_URL: "https://api.example/v1",
      ELECTRONHUB_MAX_WAIT: maxWait,
    },
  });
}

/**
 * Creates two resources with the same name and settings in one process at once: the first key exists, but its response
 * is slow; the second request is lost.
 *
 * @returns the keys that the engine records.
 */
export async function createTwoAtOnce(): Promise<string[]> {
  const clock = new InstantClock(Date.UTC(2026, 0, 1) + 437);
  let made = 0;
  const account = new AccountModel({
    clock,
    fates: ["ok", "cutBefore"],
    aheadMs: 0,
    saysTheTime: true,
    interferences: [],
    makeKey: () => `ek-proxy-${String(++made).padStart(24, "k")}`,
  });
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isFirst = true;
  const slow: Transport = {
    async send(request) {
      const isHeld = isFirst;
      isFirst = false;
      const response = await account.send(request);
      if (isHeld) await released;
      return response;
    },
    close: () => account.close(),
  };
  const lifecycle = processOn(slow, clock, "10m");
  const checked = async () => (await lifecycle.check({}, { budget: 10, name: "shared" })).inputs ?? {};
  const keyOf = async (creation: ReturnType<DynamicProvider["create"]>) =>
    creation.then(
      ({ outs }) => [(outs as Properties)["key"] as string],
      () => [],
    );
  const first = keyOf(lifecycle.create(await checked()));
  const second = await keyOf(lifecycle.create(await checked()));
  release();
  return [...(await first), ...second];
}

/** The broken invariants of a create. */
export function wrongs(
  { account, verdict, key, window, message, lines }: Made,
  { twinsBeforeAgoMs = [], name, budgetWindow = "daily" }: Attempt,
): string[] {
  const wrong: string[] = [];
  const recorded = account.keys.find(({ wire }) => wire.key === key);
  const ours = account.keys.filter(({ owner }) => owner === "us");
  if (recorded !== undefined && recorded.owner !== "us")
    wrong.push(`took a key of another program (${recorded.owner})`);
  if (account.keys.filter(({ owner }) => owner === "before").length !== twinsBeforeAgoMs.length)
    wrong.push("removed a key that was there before");
  if (verdict !== "failed" && recorded === undefined) wrong.push("recorded a key that is not on the account");
  if (verdict === "failed" && ours.length > 0 && !/on the account/.test(message))
    wrong.push("left a key without a message");
  // An update whose response was lost is sent again by the next run.
  const isWindowTrue = recorded?.window === window || (verdict === "saved" && window !== budgetWindow);
  if (recorded !== undefined && !isWindowTrue)
    wrong.push(`recorded the window as ${String(window)}, and it is ${String(recorded.window)}`);
  const isTold = /second key|another key/.test(message + lines.join());
  if (verdict !== "failed" && ours.length > 1 && !account.hasLateEffects && !isTold)
    wrong.push("left a second key without a word");
  if (verdict === "made" && name !== undefined && recorded?.wire.name !== name)
    wrong.push("did not set the chosen name");
  if (message.includes("Requests without end")) wrong.push("never ended");
  if (message.includes("This is a defect")) wrong.push("failed by a defect");
  return wrong;
}
