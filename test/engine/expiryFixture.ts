import type { Engine } from "./fixture";

export const DAY_S = 86_400;
export const nowS = () => Math.floor(Date.now() / 1_000);

/** Moves the expiry of keys in the state and on the account: as if time had passed. */
export async function moveExpiry(engine: Engine, stack: string, inS: Readonly<Record<string, number>>) {
  const keys = await engine.secretKeys(stack);
  const state = await engine.project.exportState(stack, { showSecrets: true });
  for (const [name, s] of Object.entries(inS)) {
    const expiresAtUnixS = nowS() + s;
    engine.simulator.account().updateKey(keys[name] ?? "", { expiresAtUnixS });
    const expiresAt = new Date(expiresAtUnixS * 1_000).toISOString().replace(".000Z", "Z");
    const resource = state.deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));
    Object.assign(resource?.inputs ?? {}, { expiresAt });
    Object.assign(resource?.outputs ?? {}, { expiresAt });
  }
  await engine.project.importState(stack, state);
}
