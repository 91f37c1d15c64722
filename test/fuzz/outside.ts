import type { Snapshot, Fixture } from "./fixture";
import type { Step } from "./model";

const DAY_S = 86_400;

/** Changes a resource's key on the account, outside of Pulumi. Adds its fingerprint to `touched`. */
export function changeOutside(
  { stack = "a", target, what }: Extract<Step, { kind: "outside" }>,
  { keys, resources }: Snapshot,
  { simulator }: Fixture,
  touched: Set<string>,
): void {
  const resource = resources.find(
    ({ stack: of, name, isReplaced }) => of === stack && name === target && !isReplaced,
  );
  const seen = resource === undefined ? undefined : keys.get(resource.fingerprint);
  if (seen === undefined) return;
  touched.add(seen.fingerprint);
  const { key } = seen;
  const account = simulator.account(seen.account);
  const nowS = Math.floor(simulator.clock.nowMs() / 1_000);
  switch (what) {
    case "remove":
      account.removeKey(key);
      return;
    case "disable":
      account.disableKey(key);
      return;
    case "rename":
      account.updateKey(key, { name: "renamed" });
      return;
    case "budget":
      account.updateKey(key, { allocatedAmount: 77 });
      return;
    case "models":
      account.updateKey(key, { modelWhitelist: [] });
      return;
    case "expireSoon":
      account.updateKey(key, { expiresAtUnixS: nowS + 2 * DAY_S });
      return;
    case "expireFar":
      account.updateKey(key, { expiresAtUnixS: nowS + 2_000 * DAY_S });
      return;
    case "expired":
      account.updateKey(key, { expiresAtUnixS: nowS - 60 });
      return;
    case "spend":
      if (
        seen.isActive &&
        seen.allocatedAmount - seen.usedAmount > 0.5 &&
        !hasExpired(seen.expiresAtUnixS, nowS)
      )
        account.spend(key, 0.25);
      return;
    case "age":
      if (seen.lastUsedUnixS !== null) account.updateKey(key, { lastUsedUnixS: nowS - DAY_S });
      return;
  }
}

function hasExpired(expiresAtUnixS: number, nowS: number): boolean {
  return expiresAtUnixS >= 0 && expiresAtUnixS <= nowS;
}
