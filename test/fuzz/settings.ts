import type { Random } from "../chaos/random";
import type { Settings } from "./model";

interface Choices {
  models: readonly ("all" | string[])[];
  ips: readonly ("any" | string[])[];
  windows: readonly ("daily" | "weekly" | "monthly")[];
  names: readonly string[];
  instants: readonly string[];
}

export const LISTS: Choices = {
  models: [["gpt-4o"], ["gpt-4o", "o3"], ["o3"], "all"],
  ips: [["10.0.0.0/8"], ["203.0.113.7"], "any"],
  windows: ["daily", "weekly", "monthly"],
  // Few, so that two resources choose the same one.
  names: ["alpha", "beta"],
  instants: ["never", "2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z"],
};

/** Changes one of the inputs of a key. */
export function changeSettings(random: Random, settings: Settings): void {
  const changes: readonly (() => void)[] = [
    () => {
      settings.budget = random.integer(1, 40);
    },
    () => {
      settings.models = structuredClone(random.pick(LISTS.models));
    },
    () => {
      settings.allowedIps = structuredClone(random.pick(LISTS.ips));
    },
    () => {
      settings.budgetWindow = random.pick(LISTS.windows);
    },
    () => {
      settings.enabled = !(settings.enabled ?? true);
    },
    () => (settings.expiresIn === undefined ? expireAt(random, settings) : expireIn(random, settings)),
    () => (settings.expiresAt === undefined ? expireAt(random, settings) : expireIn(random, settings)),
    () => {
      if (random.chance(0.3)) delete settings.name;
      else settings.name = random.pick(LISTS.names);
    },
    () => {
      settings.onDestroy = random.pick(["remove", "disable"]);
    },
    () => {
      if (settings.refuseIfUsedWithin === undefined) settings.refuseIfUsedWithin = "1h";
      else delete settings.refuseIfUsedWithin;
    },
    () => {
      settings.rotationTrigger = random.integer(1, 1_000);
    },
  ];
  random.pick(changes)();
}

function expireAt(random: Random, settings: Settings): void {
  delete settings.expiresIn;
  delete settings.renewBefore;
  delete settings.renew;
  settings.expiresAt = random.pick(LISTS.instants);
}

function expireIn(random: Random, settings: Settings): void {
  delete settings.expiresAt;
  delete settings.renewBefore;
  delete settings.renew;
  settings.expiresIn = random.pick(["30d", "60d"]);
  if (random.chance(0.3)) return;
  settings.renewBefore = "3d";
  settings.renew = random.pick(["extend", "rotate"]);
}
