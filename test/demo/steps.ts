import { createHash } from "node:crypto";
import { ProxyKey } from "pulumi-electronhub";
import type { Expectations } from "./expectations";
import { note, step, table } from "./print";
import { keysInState, STACK, type KeyInState, type Fixture } from "./fixture";

/** The program that the demo runs. */
async function program() {
  const keys = {
    "ci-bot": new ProxyKey("ci-bot", { budget: 25, budgetWindow: "monthly" }),
    "web-app": new ProxyKey("web-app", { budget: 40, models: ["gpt-4o-mini"] }),
    nightly: new ProxyKey("nightly", { budget: 10 }),
    partner: new ProxyKey("partner", { budget: 5, allowedIps: ["203.0.113.0/24"] }),
  };
  return Object.fromEntries(Object.entries(keys).map(([name, { key }]) => [name, key]));
}

/** A key in the state and its secret, which never leaves this process. */
export interface DemoKey extends KeyInState {
  name: string;
  secret: string;
}

const LITERAL = ["--yes", "--skip-preview", "--stack", STACK].join(" ");

export async function bringUp(fixture: Fixture, expectations: Expectations): Promise<DemoKey[]> {
  step(1, "Four keys, declared in TypeScript", "pulumi up");
  const stack = await fixture.project.stack(STACK, program, {
    config: {
      "electronhub:apiKey": { value: fixture.own.apiKey, secret: true },
      "electronhub:baseUrl": { value: fixture.simulator.baseUrl },
    },
  });
  const up = await stack.up();
  const keys = (await keysInState(fixture)).map(({ resource, fingerprint, outputs }) => ({
    resource,
    fingerprint,
    outputs,
    name: String(outputs["name"]),
    secret: String(up.outputs[resource]?.value),
  }));

  table(
    ["resource", "key", "fingerprint", "name on the account", "budget", "models", "addresses"],
    keys.map(({ resource, fingerprint, name, outputs }) => [
      resource,
      up.outputs[resource]?.secret ? "[secret]" : "NOT A SECRET",
      fingerprint,
      name,
      `${String(outputs["budget"])} ${String(outputs["budgetWindow"])}`,
      String(outputs["models"]),
      String(outputs["allowedIps"]),
    ]),
  );
  expectations.expect(
    "up creates four keys on the account",
    keys.length === 4 && fixture.own.keys().length === 4,
  );
  expectations.expect(
    "every output of a key is a secret",
    keys.every(({ resource }) => up.outputs[resource]?.secret),
  );
  expectations.expect(
    "each fingerprint is the hash of its key",
    keys.every(({ fingerprint, secret }) => fingerprint === fingerprintOf(secret)),
  );
  return keys;
}

function fingerprintOf(secret: string): string {
  return `pk-${createHash("sha256").update(secret).digest("hex").slice(0, 16)}`;
}

export async function showDrift(fixture: Fixture, keys: readonly DemoKey[], expectations: Expectations) {
  step(2, "web-app is changed on the account: refresh shows it", `pulumi refresh ${LITERAL}`);
  const webApp = keyOf("web-app", keys);
  fixture.own.updateKey(webApp.secret, { allocatedAmount: 400, isActive: false });
  const refresh = await fixture.project.refresh(STACK);
  const after = (await keysInState(fixture)).find(({ resource }) => resource === "web-app");

  // The key is encrypted again at each write, so it always differs.
  const drift = Object.keys(webApp.outputs)
    .filter((name) => name !== "key")
    .filter((name) => JSON.stringify(webApp.outputs[name]) !== JSON.stringify(after?.outputs[name]))
    .map((name) => [name, String(webApp.outputs[name]), String(after?.outputs[name])]);
  table(["what differs", "declared", "on the account"], drift);
  note("The state shows it now; the next `pulumi up` would correct it.", "dim");
  expectations.expect("refresh succeeds", refresh.exitCode === 0);
  expectations.expect(
    "refresh shows the changed budget and that the key is disabled, nothing else",
    drift.length === 2 && after?.outputs["budget"] === 400 && after.outputs["enabled"] === false,
  );
}

export async function destroyAll(
  fixture: Fixture,
  keys: readonly DemoKey[],
  expectations: Expectations,
): Promise<void> {
  step(3, "nightly is removed by hand, partner moves to another account", `pulumi destroy ${LITERAL}`);
  fixture.own.removeKey(keyOf("nightly", keys).secret);
  const partner = keyOf("partner", keys);
  fixture.own.removeKey(partner.secret);
  fixture.other.addKey({ name: partner.name, key: partner.secret, allocatedAmount: 5 });
  fixture.simulator.clearJournal();

  const { exitCode, output } = await fixture.project.destroy(STACK);
  const messages = errorIn(output);
  for (const sentence of messages) note(sentence, "yellow");
  note(`Exit code ${exitCode}: a key is left.`, "dim");

  expectations.expect("destroy fails, because the API rejects one removal", exitCode !== 0);
  expectations.expect(
    "the message names the key and the status",
    messages.some((sentence) => sentence.includes(partner.fingerprint) && sentence.includes("HTTP 403")),
  );
}

/** The lines of the error in the engine's summary. */
function errorIn(output: string): string[] {
  const lines = output.slice(output.lastIndexOf("Diagnostics:")).split("\n");
  const start = lines.findIndex((text) => text.includes("error: Cannot remove"));
  if (start === -1) return [];
  const end = lines.findIndex((text, at) => at > start && text.trim() === "");
  return lines.slice(start, end).map((text) => text.trim().replace(/^error: /, ""));
}

export function keyOf(resource: string, keys: readonly DemoKey[]): DemoKey {
  const found = keys.find((key) => key.resource === resource);
  if (found === undefined) throw new Error(`The stack has no key "${resource}".`);
  return found;
}
