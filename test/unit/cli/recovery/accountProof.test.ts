import { expect, it } from "vitest";
import type { AccountView, ListedKey } from "../../../../provider/cli/account/accounts";
import type { Checkpoint, StateKey, StoredSettings } from "../../../../provider/cli/pulumi/checkpoint";
import { isProven, unprovenProblem } from "../../../../provider/cli/recovery/accountProof";
import type { Candidate } from "../../../../provider/cli/recovery/candidates";
import type { StackContext } from "../../../../provider/cli/stack/stackContext";
import { accountNameOf } from "../../../../provider/lifecycle/accountContext";

const whole = { "electronhub:apiKey": "made-up", "electronhub:baseUrl": "https://api.example/v1" };
const view = {
  account: "this account",
  settings: { apiKey: "made-up-api-key", baseUrl: "https://api.example/v1" },
} as AccountView;

interface Case {
  sentTo?: string;
  stored?: StoredSettings;
  /** Fingerprints in the state, with the account that each was created in. */
  keys?: Record<string, string | undefined>;
  listed?: readonly string[];
}

const candidate = ({ sentTo, stored }: Case) =>
  ({ lost: { pending: { account: stored } }, sentTo }) as unknown as Candidate;

it.each<[string, Case, boolean]>([
  ["it was sent to this account", { sentTo: "this account" }, true],
  [
    "it was sent to this account, whose keys were all removed",
    { sentTo: "this account", keys: { a: undefined } },
    true,
  ],
  ["it was sent to another one", { sentTo: "other" }, false],
  ["another one, with any settings in the state", { sentTo: "other", stored: whole }, false],
  [
    "another one, although the list has a key of the state",
    { sentTo: "other", keys: { a: "this account" }, listed: ["a"] },
    false,
  ],
  [
    "another one, although the list has a key of an account that is not known",
    { sentTo: "other", keys: { a: undefined }, listed: ["a"] },
    false,
  ],
  [
    "with an earlier API key of the account that the list has a key of",
    { sentTo: "other", keys: { a: "other" }, listed: ["a"] },
    true,
  ],
  [
    "with an earlier API key, and its keys are gone",
    { sentTo: "other", keys: { a: "other" }, listed: ["b"] },
    false,
  ],
  ["it is not known where, and nothing is", {}, false],
  ["it is not known where, and the state names the account", { stored: whole }, true],
  [
    "it is not known where, and the state names an API key only",
    { stored: { "electronhub:apiKey": "made-up" } },
    false,
  ],
  [
    "it is not known where, and the list has a key of the state",
    { keys: { a: undefined, b: "x" }, listed: ["b"] },
    true,
  ],
  [
    "it is not known where, and the list has no key of the state",
    { stored: whole, keys: { a: undefined }, listed: ["b"] },
    false,
  ],
])("an account is proven or not where %s", (_, testCase, isRight) => {
  const { keys = {}, listed = [] } = testCase;
  const known = Object.entries(keys).map(([fingerprint, sentTo]) => ({ fingerprint, sentTo }) as StateKey);
  const list = listed.map((fingerprint) => ({ fingerprint }) as ListedKey);
  expect(isProven(candidate(testCase), view, list, { keys: known } as unknown as Checkpoint)).toBe(isRight);
});

it("an account that is not proven is named without its API key, with the command that gives up", () => {
  const pending = { name: "web", resource: "bot" };
  const task = { stack: "acme/app/dev" } as StackContext;
  const ofState = unprovenProblem({ lost: { pending } } as unknown as Candidate, view, task);
  expect(ofState.why).toMatch(
    /key "web" \(resource bot\).*https:\/\/api\.example\/v1.*SHA-256 begins with [0-9a-f]{16}\)/,
  );
  expect(ofState.nextStep).toContain("`pulumi refresh --clear-pending-creates --stack acme/app/dev`");
  const noted = { file: "/notes/1.jsonl" };
  const ofNote = unprovenProblem({ lost: {}, noted } as unknown as Candidate, view, task);
  expect(ofNote.nextStep).toContain("delete /notes/1.jsonl");
  expect(JSON.stringify([ofState, ofNote])).not.toContain("made-up-api-key");
});

it("an account has the same anonymous name with and without the version in its base URL, and no other one has it", () => {
  const nameOf = (baseUrl: string, apiKey = "made-up") => accountNameOf({ baseUrl, apiKey });
  expect(nameOf("https://api.example/v1")).toBe(nameOf("https://api.example"));
  const names = [
    nameOf("https://api.example"),
    nameOf("https://other.example"),
    nameOf("https://api.example", "b"),
  ];
  expect(new Set(names).size).toBe(3);
});
