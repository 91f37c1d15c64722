import { removeKey, type Removal } from "../cleanup/removeKey";
import { listedKey, type AccountView } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { problemOf } from "../problems";
import { counted } from "../terminal/table";
import { mayHide } from "../../api/keyList";
import { list } from "./disableKeys";
import type { RemovalMemory } from "./memory";
import { settingsOf } from "./receipt";
import type { RevokedKey } from "./revokedKey";

/** Enough for a window of the rate limit; each removal has its own `maxWait` from its start. */
const PARALLEL_REMOVALS = 16;

/** Removes the keys that the account has shown, also those of stacks. Never throws: each key has its problem. */
export async function removeKeys(
  keys: readonly RevokedKey[],
  account: AccountView,
  world: Pick<CommandContext, "changes" | "clock" | "stop" | "terminal">,
  memory: RemovalMemory,
): Promise<void> {
  const waiting = keys.filter(
    ({ status, wire }) => wire !== undefined && status !== "gone" && status !== "foreign",
  );
  const count = waiting.length;
  const removeNext = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      if (!world.stop.aborted) world.terminal.tick(`Removing key ${count - waiting.length} of ${count}`);
      await remove(key, account, world, memory);
    }
  };
  if (count > 0) world.terminal.progress(`Removing ${counted(count, "key")}`);
  await Promise.all(Array.from({ length: PARALLEL_REMOVALS }, removeNext));
}

async function remove(
  key: RevokedKey,
  account: AccountView,
  { changes, clock, stop }: Pick<CommandContext, "changes" | "clock" | "stop">,
  memory: RemovalMemory,
): Promise<void> {
  const { fingerprint, wire } = key;
  const settings = settingsOf(key);
  if (wire === undefined || settings === undefined || fingerprint === undefined) return;
  memory.add({ fingerprint, name: wire.name, settings });
  const removal: Removal = stop.aborted
    ? { outcome: "failed", ...problemOf(stop.reason) }
    : await removeKey({ wire, fingerprint }, account, { changes, requireUnowned: async () => {} });
  switch (removal.outcome) {
    case "removed":
      key.status = "removed";
      key.removedAtMs = clock.nowMs();
      return;
    case "already-gone":
      key.status = "gone";
      return;
    default: {
      const stays = key.status === "disabled" ? " The key is not removed; it stays disabled." : "";
      key.problems.push({ why: `${removal.why}${stays}`, nextStep: removal.nextStep });
    }
  }
}

/** Proves by the account's list that the keys are gone. One list proves it for all. Never throws. */
export async function proveAbsence(
  keys: readonly RevokedKey[],
  account: AccountView,
  { clock, stop }: Pick<CommandContext, "clock" | "stop">,
): Promise<void> {
  const absent = keys.filter(({ status }) => ["removed", "gone", "perhaps gone"].includes(status));
  if (absent.length === 0) return;
  const unproven = (key: RevokedKey, why: string) =>
    key.problems.push({
      why: `That the key is gone is not proven: ${why}`,
      nextStep: "Run the command again.",
    });
  let listed: Awaited<ReturnType<typeof list>>["keys"];
  try {
    stop.throwIfAborted();
    listed = (await list(account)).keys;
  } catch (error) {
    for (const key of absent) unproven(key, problemOf(error).why);
    return;
  }
  for (const key of absent) {
    if (key.provenAtMs !== undefined) continue;
    if (listed.some((entry) => listedKey(entry).fingerprint === key.fingerprint))
      unproven(key, "the account's list still shows it.");
    else if (mayHide(listed, key.secret ?? ""))
      unproven(key, "the account's list shows keys without their secret.");
    else {
      key.provenAtMs = clock.nowMs();
      if (key.status !== "perhaps gone") continue;
      key.status = "gone";
      key.problems = [];
    }
  }
}
