import { removeKey, type Removal } from "../cleanup/removeKey";
import { listedKey, type AccountView, type ListedKey } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { problemOf, type Problem } from "../problems";
import { counted } from "../terminal/table";
import { isKeyGone } from "../../api/errorGuards";
import { resembles } from "../../util/keyText";
import { mayHide } from "../../api/keyList";
import { list, type Listing } from "./listing";
import { remember, type RevocationMemory } from "./memory";
import { observe, type RevokedKey } from "./revokedKey";

/** Enough for a window of the rate limit; each removal has its own `maxWait` from its start. */
const PARALLEL_REMOVALS = 16;

/** Removes the keys that the account has shown, also those of stacks. Never throws: each key has its problem. */
export async function removeKeys(
  keys: readonly RevokedKey[],
  account: AccountView,
  world: Pick<CommandContext, "changes" | "clock" | "stop" | "terminal">,
  memory: RevocationMemory,
): Promise<void> {
  const waiting = keys.filter(
    ({ status, secret }) => secret !== undefined && !["gone", "perhaps gone", "foreign"].includes(status),
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
  memory: RevocationMemory,
): Promise<void> {
  const wire = key.wire ?? (await shownAgain(key, account));
  if (wire === undefined) return;
  const { fingerprint, labels } = key;
  remember(key, memory);
  const removal: Removal = stop.aborted
    ? { outcome: "failed", ...problemOf(stop.reason) }
    : await removeKey({ wire, fingerprint }, account, { changes, requireUnowned: async () => {}, labels });
  switch (removal.outcome) {
    case "removed":
      // Why it could not be disabled does not matter any more.
      if (key.status !== "disabled") key.problems = [];
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

/** A key that could not be disabled, looked up once more: a removal needs the backup of its settings. */
async function shownAgain(key: RevokedKey, account: AccountView): Promise<RevokedKey["wire"]> {
  const { client, call } = account.begin();
  try {
    observe(key, await client.lookup(key.secret ?? "", { ...call, once: true }));
  } catch {
    // The key already has the reason.
  }
  return key.wire;
}

/**
 * Proves that the keys are gone: the account's list does not show them, one list for all. Where the list hides secrets, the API
 * has to say so of each key. Never throws.
 */
export async function proveAbsence(
  keys: readonly RevokedKey[],
  account: AccountView,
  { clock, stop }: Pick<CommandContext, "clock" | "stop">,
): Promise<void> {
  const absent = keys.filter(
    ({ status, provenAtMs }) =>
      provenAtMs === undefined && ["removed", "gone", "perhaps gone"].includes(status),
  );
  if (absent.length === 0) return;
  let listed: Listing["keys"];
  try {
    stop.throwIfAborted();
    listed = (await list(account)).keys;
  } catch (error) {
    for (const key of absent) key.problems.push(unproven(problemOf(error).why));
    return;
  }
  const prove = async (key: RevokedKey) => {
    const meant = listed.find((entry) => mayBeMeant(key, entry.key));
    if (listed.some((entry) => listedKey(entry).fingerprint === key.fingerprint))
      key.problems.push(unproven("The account's list still shows it."));
    else if (meant !== undefined) {
      key.status = "absent";
      key.problems.push(incompleteCopy(listedKey(meant)));
    } else if (mayHide(listed, key.secret ?? "") && !(await isKnownGone(key, account)))
      key.problems.push(
        unproven("The account's list hides secrets, and the API does not say that the key is gone."),
      );
    else {
      key.provenAtMs = clock.nowMs();
      if (key.status !== "perhaps gone") return;
      key.status = "gone";
      key.problems = [];
    }
  };
  await Promise.all(absent.map(prove));
}

/** Whether the key that the API never showed may be an incomplete copy of this one. */
function mayBeMeant({ secret, wire }: RevokedKey, listed: string | undefined): boolean {
  return secret !== undefined && wire === undefined && listed !== undefined && resembles(secret, listed);
}

function incompleteCopy({ wire, fingerprint }: ListedKey): Problem {
  return {
    why: `The account does not have this key, but ${JSON.stringify(wire.name)} (${fingerprint}), which has more or fewer characters, or others in upper case: the copy is not exact, and nothing was revoked.`,
    nextStep: `Pass the whole key, or select it with \`--fingerprint ${fingerprint}\`.`,
  };
}

async function isKnownGone({ secret }: RevokedKey, account: AccountView): Promise<boolean> {
  const { client, call } = account.begin();
  if (secret === undefined) return false;
  return client.lookup(secret, call).then(() => false, isKeyGone);
}

function unproven(why: string): Problem {
  return {
    why: `That the key is gone is not proven. ${why}`,
    nextStep: "Run the command again.",
  };
}
