import type { KeySeen } from "./fixture";
import type { KeySpec, Settings } from "./model";

/** What restricts a key: whether the key has it, and the inputs that mention it. */
const RESTRICTIONS: readonly { has: (key: KeySeen) => boolean; inputs: readonly (keyof Settings)[] }[] = [
  { has: ({ modelWhitelist }) => modelWhitelist.length > 0, inputs: ["models"] },
  { has: ({ ipWhitelist }) => ipWhitelist.length > 0, inputs: ["allowedIps"] },
  { has: ({ expiresAtUnixS }) => expiresAtUnixS >= 0, inputs: ["expiresAt", "expiresIn"] },
  { has: ({ isActive }) => !isActive, inputs: ["enabled"] },
];

/** Whether a declaration leaves a restriction of the key out, so that it cannot adopt the key. */
export function leavesOutRestriction({ settings }: KeySpec, key: KeySeen): boolean {
  return RESTRICTIONS.some(
    ({ has, inputs }) => has(key) && inputs.every((input) => settings[input] === undefined),
  );
}

/** Mentions every restriction that a key may have. */
export function mentionRestrictions(settings: Settings): void {
  settings.models ??= "all";
  settings.allowedIps ??= ["10.0.0.0/8"];
  settings.enabled ??= true;
  if (settings.expiresIn === undefined) settings.expiresAt ??= "never";
}
