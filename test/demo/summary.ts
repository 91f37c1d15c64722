import type { SimulatedAccount } from "pulumi-electronhub/testing";
import type { Expectations } from "./expectations";
import { line, note, step, styled, table } from "./print";
import type { DemoKey } from "./steps";
import { BALANCE, keysInState, type Fixture } from "./fixture";

/** Shows the result for each key, from the accounts, the journal and the state. */
export async function summarise(fixture: Fixture, keys: readonly DemoKey[], expectations: Expectations) {
  step(4, "What is left, read from the accounts and from the state");
  const inState = new Set((await keysInState(fixture)).map(({ fingerprint }) => fingerprint));
  const rows = keys.map(({ resource, fingerprint, secret }) => ({
    resource,
    status: removalStatus(fixture, secret),
    yours: holds(fixture.own, secret),
    another: holds(fixture.other, secret),
    inState: inState.has(fingerprint),
  }));

  table(
    ["resource", "response to remove", "on your account", "on another account", "in the state"],
    rows.map(({ resource, status, yours, another, inState: kept }) => [
      resource,
      `${status} ${MEANINGS[status] ?? ""}`,
      yours ? "yes" : "gone",
      another ? "yes" : "-",
      kept ? "kept" : "gone",
    ]),
    (cell, padded) => {
      if (cell === "gone" || /^(200|404)/.test(cell)) return styled("green", padded);
      return cell === "kept" || cell.startsWith("403") ? styled("yellow", padded) : padded;
    },
  );
  note(
    `Balance of your account: ${fixture.own.balance} credits; it was ${BALANCE} before the keys were created.`,
    "dim",
  );

  const expected = { "ci-bot": "200", nightly: "404", partner: "403", "web-app": "200" };
  for (const [resource, status] of Object.entries(expected)) {
    const row = rows.find((candidate) => candidate.resource === resource);
    const refused = status === "403";
    expectations.expect(`${resource} gets ${status}`, row?.status === status);
    expectations.expect(
      refused ? `${resource} stays in the state` : `${resource} leaves the state`,
      row?.inState === refused,
    );
    expectations.expect(
      refused ? `${resource} is still on the other account` : `${resource} is on no account`,
      row?.yours === false && row.another === refused,
    );
  }
  expectations.expect("all unused credits are returned", fixture.own.balance === BALANCE);
  expectations.expect("no forbidden request was sent", fixture.simulator.violations.length === 0);
  expectations.expect(
    "no key and no API key was printed by any command",
    ![fixture.own.apiKey, ...keys.map(({ secret }) => secret)].some((secret) =>
      fixture.project.transcript.includes(secret),
    ),
  );
}

const MEANINGS: Readonly<Record<string, string>> = {
  "200": "removed",
  "404": "already deleted, done",
  "403": "refused, a hard failure",
};

/** The status of the last response to a removal of the key. */
function removalStatus({ simulator }: Fixture, secret: string): string {
  const entry = simulator.journal.findLast(
    ({ path, body }) =>
      path === "/auth/proxy/remove" &&
      typeof body === "object" &&
      body !== null &&
      "proxy_key" in body &&
      body.proxy_key === secret,
  );
  return String(entry?.status ?? "none");
}

function holds(account: SimulatedAccount, secret: string): boolean {
  return account.findKey(secret) !== undefined;
}

/** The last line, and the exit code. */
export function verdict({ failures }: Expectations): number {
  line();
  if (failures.length === 0) {
    line(styled("green", "Everything went as described; nothing else was touched."));
    return 0;
  }
  for (const failure of failures) line(styled("red", `FAILED: expected that ${failure}.`));
  return 1;
}
