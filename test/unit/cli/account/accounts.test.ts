import { resolve } from "node:path";
import { expect, it } from "vitest";
import { Accounts, type StackSettings } from "../../../../provider/cli/account/accounts";
import { recordedTerminal } from "../../../support/recordedTerminal";
import { VirtualClock } from "../../../support/virtualClock";

const API_KEY = "ek-made-up-of-main";
const FOLDER = resolve("app");

function accounts(environment: Record<string, string> = {}) {
  const { terminal, written } = recordedTerminal();
  const transport = {
    send: () => Promise.reject(new Error("Nothing is sent.")),
    close: () => Promise.resolve(),
  };
  const all = new Accounts(
    {
      clock: new VirtualClock(),
      random: () => 0.5,
      randomBytes: () => new Uint8Array(),
      transport,
      environment,
    },
    terminal,
  );
  const of = (settings?: StackSettings) =>
    all.forSettings({ "electronhub:apiKey": API_KEY, ...settings }, FOLDER);
  return { all, of, terminal, written };
}

it("the same settings are one view", () => {
  const { of } = accounts();
  expect(of()).toBe(of());
  expect(of({ "electronhub:maxWait": "90s" })).toBe(of({ "electronhub:maxWait": "90s" }));
});

it.each([
  ["another audit log", { "electronhub:auditLog": "audit.jsonl" }],
  ["another wait", { "electronhub:maxWait": "90s" }],
  ["another name for requests", { "electronhub:userAgent": "ci/1" }],
])("%s is another view of the same account", (_, settings) => {
  const { of } = accounts();
  expect(of(settings)).not.toBe(of());
  expect(of(settings).account).toBe(of().account);
});

it("another API key, or another place of the API, is another account", () => {
  const { of } = accounts();
  const others = [
    { "electronhub:apiKey": "ek-made-up-of-other" },
    { "electronhub:baseUrl": "http://127.0.0.1:1/v1" },
  ];
  const names = [of(), ...others.map((settings) => of(settings))].map(({ account }) => account);
  expect(new Set(names).size).toBe(3);
});

it("a relative audit log starts from the program's folder", () => {
  const { of } = accounts();
  expect(of({ "electronhub:auditLog": "logs/audit.jsonl" }).settings.auditLog).toBe(
    resolve(FOLDER, "logs/audit.jsonl"),
  );
});

it("what is left out comes from the environment, and no API key is ever shown", () => {
  const { all, terminal, written } = accounts({ ELECTRONHUB_API_KEY: "ek-made-up-of-env" });
  expect(all.forSettings(undefined, FOLDER).settings.apiKey).toBe("ek-made-up-of-env");
  terminal.note("made-up-of-env");
  expect(written.err).not.toContain("made-up-of-env");
});
