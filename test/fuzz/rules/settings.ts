import { parseDurationMs } from "../../../provider/util/duration";
import type { KeySeen, ResourceSeen } from "../fixture";
import { isRotating, specFor, type KeySpec, type Settings } from "../model";
import { actionOf, isLive, specsFor, type Rule } from "./rule";

/** The difference between the engine's clock reading and the test's. */
const TOLERANCE_S = 5;
const DAY_S = 86_400;

type Field = "budget" | "budgetWindow" | "models" | "allowedIps" | "enabled" | "expiresAt";

/** The settings of the key on the account. */
function settingsOf(key: KeySeen): Record<Field, unknown> {
  return {
    budget: key.allocatedAmount,
    budgetWindow: key.limitType,
    models: [...key.modelWhitelist].toSorted(),
    allowedIps: [...key.ipWhitelist].toSorted(),
    enabled: key.isActive,
    expiresAt: key.expiresAtUnixS,
  };
}

/** Describes how a setting differs from the declared one. undefined: it does not. */
function difference(field: Field, declared: Settings, key: KeySeen, nowS: number): string | undefined {
  const actual = settingsOf(key)[field];
  if (field === "expiresAt") return lifetimeDifference(declared, key.expiresAtUnixS, nowS);
  const expected = declaredValue(field, declared);
  return same(expected, actual) ? undefined : `declared ${text(expected)}, on the account ${text(actual)}`;
}

function declaredValue(field: Exclude<Field, "expiresAt">, declared: Settings): unknown {
  switch (field) {
    case "budget":
      return declared.budget ?? 10;
    case "budgetWindow":
      return declared.budgetWindow ?? "daily";
    case "models":
      return Array.isArray(declared.models) ? declared.models.toSorted() : [];
    case "allowedIps":
      return Array.isArray(declared.allowedIps) ? declared.allowedIps.toSorted() : [];
    case "enabled":
      return declared.enabled ?? true;
  }
}

function lifetimeDifference(declared: Settings, actual: number, nowS: number): string | undefined {
  if (declared.expiresIn === undefined) {
    const { expiresAt = "never" } = declared;
    const expected = expiresAt === "never" ? -1 : Date.parse(expiresAt) / 1_000;
    return expected === actual ? undefined : `declared ${expiresAt}, on the account ${actual}`;
  }
  const lifeS = seconds(declared.expiresIn);
  const leftS = actual - nowS;
  if (actual < 0 || leftS > lifeS + TOLERANCE_S)
    return `declared expiresIn ${declared.expiresIn}, on the account ${actual < 0 ? "never" : `in ${days(leftS)} days`}`;
  if (declared.renewBefore !== undefined && leftS < seconds(declared.renewBefore) - TOLERANCE_S)
    return `declared renewBefore ${declared.renewBefore}, on the account in ${days(leftS)} days`;
  return undefined;
}

const FIELDS: readonly Field[] = ["budget", "budgetWindow", "models", "allowedIps", "enabled", "expiresAt"];

/** After an `up` that succeeded, every resource is there and its key is exactly as declared. */
export const keysAreAsDeclared: Rule = (evidence) =>
  evidence.actions.flatMap(({ stack, step, ok }) => {
    if (step.kind !== "up" || !ok || step.target !== undefined) return [];
    const own = evidence.after.resources.filter((other) => other.stack === stack && isLive(other));
    const rotating = own
      .filter(({ name }) => isRotating(name))
      .flatMap(({ name }) => specFor(step.program, name) ?? []);
    return [...step.program.keys, ...rotating].flatMap((spec) => {
      const name = `${stack}/${spec.resource}`;
      const resource = own.find((other) => other.name === spec.resource);
      if (resource === undefined) return [`${name} is not in the state after an up that succeeded`];
      if (resource.hasFailed) return [`${name} counts as failed after an up that succeeded`];
      const key = evidence.after.keys.get(resource.fingerprint);
      if (key === undefined || evidence.memory.unseen.has(resource.fingerprint)) return [];
      return differences(spec, key, evidence.endedAtS).map((words) => `${name} ${words}`);
    });
  });

function differences(spec: KeySpec, key: KeySeen, nowS: number): string[] {
  const ignored = new Set<string>(spec.ignoreChanges ?? []);
  const found = FIELDS.filter((field) => !ignored.has(field)).flatMap((field) => {
    const words = difference(field, spec.settings, key, nowS);
    return words === undefined ? [] : [`${field}: ${words}`];
  });
  const { name } = spec.settings;
  if (name !== undefined && !ignored.has("name") && name !== key.name)
    found.push(`name: declared ${name}, on the account ${key.name}`);
  const account = spec.account ?? "main";
  if (account !== key.account) found.push(`account: declared ${account}, the key is on ${key.account}`);
  return found;
}

/** After any failure, a setting is the old one or the declared one. */
export const settingsAreOldOrNew: Rule = (evidence) =>
  [...evidence.after.keys.values()].flatMap((key) => {
    const { fingerprint } = key;
    if (evidence.touched.has(fingerprint)) return [];
    const before = evidence.before.keys.get(fingerprint);
    const owners = [...evidence.before.resources, ...evidence.after.resources].filter(
      (resource) => resource.fingerprint === fingerprint,
    );
    if (owners.length === 0) return [];
    const specs = specsFor(evidence, fingerprint);
    const now = settingsOf(key);
    return FIELDS.filter((field) => before === undefined || !same(settingsOf(before)[field], now[field]))
      .filter((field) => !isFromCreation(field, key, before) && !isFromDestroy(field, key, owners))
      .filter((field) => specs.every(({ settings }) => difference(field, settings, key, evidence.endedAtS)))
      .filter((field) => !isIgnoredChange(field, key, specs, evidence.before.resources))
      .map(
        (field) =>
          `${evidence.nameOf(fingerprint)} ${field}: ${text(now[field])} on the account is neither the old nor the declared setting`,
      );
  });

/** A new key is enabled and its window is daily until the update that follows its creation. */
function isFromCreation(field: Field, key: KeySeen, before: KeySeen | undefined): boolean {
  if (before !== undefined) return false;
  return (field === "enabled" && key.isActive) || (field === "budgetWindow" && key.limitType === "daily");
}

function isFromDestroy(field: Field, key: KeySeen, owners: readonly ResourceSeen[]): boolean {
  return (
    field === "enabled" && !key.isActive && owners.some(({ outputs }) => outputs["onDestroy"] === "disable")
  );
}

/** With `ignoreChanges`, the stored setting counts as declared. */
function isIgnoredChange(
  field: Field,
  key: KeySeen,
  specs: readonly KeySpec[],
  before: readonly ResourceSeen[],
): boolean {
  return (
    specs.some(({ ignoreChanges }) => ignoreChanges?.includes(field)) &&
    before.some(
      ({ fingerprint, outputs }) =>
        fingerprint === key.fingerprint && stateDifference(field, outputs, key) === undefined,
    )
  );
}

function stateDifference(field: Field, outputs: ResourceSeen["outputs"], key: KeySeen): string | undefined {
  const { expiresIn: _, ...stored } = outputs;
  return difference(field, stored, key, 0);
}

/** After a successful `up` or refresh, the state matches the account. */
export const statesMatchAccounts: Rule = (evidence) =>
  evidence.after.resources.filter(isLive).flatMap((resource) => {
    const action = actionOf(evidence, resource.stack);
    const key = evidence.after.keys.get(resource.fingerprint);
    if (action === undefined || !action.ok || key === undefined) return [];
    const isUp = action.step.kind === "up" && action.step.target === undefined;
    if (!isUp && action.step.kind !== "refresh") return [];
    if (evidence.memory.unseen.has(resource.fingerprint)) return [];
    // No response contains the window: after an unclear update it is unknown until the next update.
    return FIELDS.filter((field) => isUp || field !== "budgetWindow").flatMap((field) => {
      const words = stateDifference(field, resource.outputs, key);
      return words === undefined
        ? []
        : [`${resource.stack}/${resource.name} ${field}: ${words.replace("declared", "in the state")}`];
    });
  });

function seconds(duration: string): number {
  return (parseDurationMs(duration) ?? 0) / 1_000;
}

function days(time: number): number {
  return Math.round((time / DAY_S) * 10) / 10;
}

function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? "none";
}
