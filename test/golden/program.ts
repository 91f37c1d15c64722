import { ProxyKey, type ProxyKeyArgs } from "pulumi-electronhub";

/** What the golden stacks declare. `adopt` is the key that was taken over. */
export function goldenKeys(adopt: string): Record<string, ProxyKeyArgs> {
  return {
    defaults: { budget: 10 },
    everything: {
      name: "every input is set",
      budget: 12.5,
      budgetWindow: "monthly",
      expiresAt: "2100-01-31T12:00:00Z",
      models: ["gpt-4o", "o3"],
      allowedIps: ["10.0.0.0/8", "2001:db8::1"],
      enabled: true,
      rotationTrigger: { month: "2026-01" },
      onDestroy: "remove",
      refuseIfUsedWithin: "24h",
    },
    disabled: { budget: 1, enabled: false, onDestroy: "disable" },
    used: { budget: 20, budgetWindow: "weekly" },
    adopted: { budget: 5, adopt },
  };
}

/** Inputs that the earliest form of the state does not know. */
const LATER_INPUTS = ["adopt", "onDestroy", "refuseIfUsedWithin", "rotationTrigger"] as const;

/** The same as a program of the earliest form declared it. */
export function earliestKeys(): Record<string, ProxyKeyArgs> {
  const { adopted: _, ...keys } = goldenKeys("");
  return Object.fromEntries(Object.entries(keys).map(([name, args]) => [name, withoutLater(args)])) as Record<
    string,
    ProxyKeyArgs
  >;
}

export function withoutLater<T extends object>(properties: T): T {
  const later: readonly string[] = LATER_INPUTS;
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !later.includes(name))) as T;
}

export function goldenProgram(keys: Readonly<Record<string, ProxyKeyArgs>>): () => Promise<void> {
  return async () => {
    const declare = (name: string, args: ProxyKeyArgs) => new ProxyKey(name, args);
    for (const [name, args] of Object.entries(keys)) declare(name, args);
  };
}
