import type { PulumiFn } from "@pulumi/pulumi/automation";
import { Account, ProxyKey, type AccountArgs } from "pulumi-electronhub";

import type { DeclaredKey, Scenario } from "./scenario";

/** The phases of the stack under test: before the broken command, and during it. */
export type Phase = "before" | "breaking";

/** Returns the scenario's program. An `update` changes only budgets, a `replace` only rotation triggers. */
export function programOf(scenario: Scenario, phase: Phase, team: AccountArgs): PulumiFn {
  const { verb, keys } = scenario;
  const declared = keys.filter(({ added }) => !added || phase === "breaking");
  const isChanged = (changing: Scenario["verb"]): boolean => verb === changing && phase === "breaking";
  const trigger = (key: DeclaredKey): string => (isChanged("replace") && key.rotates ? "second" : "first");
  return async () => {
    const account = keys.some(({ onTeam }) => onTeam) ? new Account("team", team) : undefined;
    for (const [at, key] of declared.entries()) {
      void new ProxyKey(
        key.resource,
        {
          budget: (isChanged("update") ? 20 : 10) + at / 4,
          ...(key.name === undefined ? {} : { name: key.name }),
          ...(key.weekly ? { budgetWindow: "weekly" as const } : {}),
          ...(verb === "replace" ? { rotationTrigger: trigger(key) } : {}),
        },
        key.onTeam && account !== undefined ? { provider: account } : {},
      );
    }
  };
}

/** Another stack of the project, with keys of the same resource names. */
export const neighbourProgram: PulumiFn = async () => {
  for (const resource of ["bot", "bot-1"]) void new ProxyKey(resource, { budget: 7 });
};
