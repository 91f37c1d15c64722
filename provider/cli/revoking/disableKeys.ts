import { isMaxWait, isRateLimited, isUnclear } from "../../api/errorGuards";
import { waitForLateEffect } from "../../api/retry";
import type { KeyObject } from "../../api/wire";
import type { Operation } from "../../lifecycle/accountContext";
import { ensureEnabled } from "../../lifecycle/enabled";
import type { AccountView } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { Refusal } from "../problems";
import { listOnce, type Listing } from "./listing";
import { noteFailure, observe, type RevokedKey } from "./revokedKey";

/** A toggle is sent at most this long after the response that showed the key as enabled. */
const FRESH_MS = 10_000;

/** Between a toggle and its verification, another program may toggle the key back. */
const MAX_VERIFICATIONS = 5;

/** Without a toggle in this many lists, the rate limit leaves no room for both. */
const MAX_IDLE_LISTS = 2;

/**
 * Disables the keys and verifies it. One key: lookup, toggle, lookup. Several: one list shows all of them, and the toggles
 * follow while it is fresh; the next list verifies them. Never throws: each key has its problem.
 *
 * @param latest a list that was just read.
 */
export async function disableKeys(
  keys: readonly RevokedKey[],
  latest: Listing | undefined,
  scene: Scene,
): Promise<void> {
  const [only, ...others] = keys;
  if (only === undefined) return;
  if (others.length === 0 && latest === undefined) await byLookup(only, scene);
  else await inRounds(keys, latest, scene);
}

interface Scene {
  account: AccountView;
  world: Pick<CommandContext, "changes" | "clock" | "stop">;
  /** Called before the first toggle of a key. */
  seen: (key: RevokedKey) => void;
  /** Called for each key that is disabled, gone or failed. */
  settled: (key: RevokedKey) => Promise<void>;
}

async function inRounds(
  keys: readonly RevokedKey[],
  latest: Listing | undefined,
  scene: Scene,
): Promise<void> {
  const single: Promise<void>[] = [];
  /** Most likely gone or of another account, so their lookups must not delay the toggles. */
  const unlisted: RevokedKey[] = [];
  let waiting = keys;
  for (let idle = 0; waiting.length > 0 && idle < MAX_IDLE_LISTS; latest = undefined) {
    latest ??= await listOnce(scene.account).catch(() => undefined);
    if (latest === undefined) break;
    const enabled: RevokedKey[] = [];
    for (const key of waiting) {
      const shown = latest.keys.find((entry) => entry.key === key.secret);
      if (shown === undefined) {
        unlisted.push(key);
        continue;
      }
      note(key, shown, scene);
      if (shown.is_active === undefined) single.push(byLookup(key, scene));
      else if (shown.is_active) enabled.push(key);
      else single.push(scene.settled(key));
    }
    const { sentMs } = latest;
    const results = await Promise.all(enabled.map((key) => toggle(key, sentMs, scene)));
    single.push(...enabled.filter((_, at) => results[at] === "unclear").map((key) => byLookup(key, scene)));
    const left = enabled.filter((_, at) => results[at] !== "unclear");
    idle = left.length < waiting.length || results.includes("sent") ? 0 : idle + 1;
    waiting = left;
  }
  await Promise.all([...single, ...[...waiting, ...unlisted].map((key) => byLookup(key, scene))]);
}

/** Toggles a key that a list has just shown as enabled. `late`: not sent, because the list was too old by then. */
async function toggle(key: RevokedKey, listedMs: number, scene: Scene): Promise<"sent" | "late" | "unclear"> {
  const { client, call } = counted(key, scene);
  try {
    const deadlineMs = Math.min(call.deadlineMs, listedMs + FRESH_MS);
    const permit = await client.reserve("toggle", { ...call, deadlineMs }, false);
    const ageMs = call.clock.nowMs() - listedMs;
    // Negative: the clock was set back, so the age is unknown.
    if (ageMs < 0 || ageMs > FRESH_MS) {
      await permit.cancel();
      return "late";
    }
    const isEnabled = await client.toggle(key.secret ?? "", { ...call, once: true, permit });
    key.disabledAtMs = call.clock.nowMs();
    return isEnabled ? "unclear" : "sent";
  } catch (error) {
    if (isMaxWait(error) || isRateLimited(error)) return "late";
    if (isUnclear(error)) await waitForLateEffect(0, error, call).catch(() => {});
    return "unclear";
  }
}

async function byLookup(key: RevokedKey, scene: Scene): Promise<void> {
  const operation = counted(key, scene);
  const { onRequest } = operation.call;
  let toggles = 0;
  operation.call.onRequest = (isMutating) => {
    onRequest?.(isMutating);
    if (isMutating) toggles++;
  };
  try {
    for (let verifications = 0; ; verifications++) {
      const before = toggles;
      await ensureEnabled(key.secret ?? "", false, undefined, operation, (found) => note(key, found, scene));
      if (toggles === before) break;
      key.disabledAtMs = scene.world.clock.nowMs();
      if (verifications >= MAX_VERIFICATIONS) throw enabledAgain();
    }
    key.status = "disabled";
  } catch (error) {
    noteFailure(key, error);
  }
  await scene.settled(key);
}

function note(key: RevokedKey, shown: KeyObject, { seen }: Scene): void {
  observe(key, shown);
  seen(key);
}

function enabledAgain(): Refusal {
  return new Refusal({
    why: "After each toggle a lookup showed the key as enabled again.",
    nextStep: "Check whether another program enables this key, then run the command again.",
  });
}

/** An operation on the key, which counts its requests. */
function counted(key: RevokedKey, { account, world }: Scene): Operation {
  const operation = account.begin();
  const { onRequest } = operation.call;
  operation.call.onRequest = (isMutating) => {
    onRequest?.(isMutating);
    key.requests++;
    if (isMutating) world.changes.count++;
  };
  return operation;
}
