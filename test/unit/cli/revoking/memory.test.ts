import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { cacheFolder } from "../../../../provider/config";
import { RevocationMemory } from "../../../../provider/cli/revoking/memory";

const KEY = { fingerprint: "pk-0123456789abcdef", name: "bot", settings: { budget: 5, enabled: true } };
const OTHER = { ...KEY, fingerprint: "pk-fedcba9876543210" };

function scene() {
  const root = mkdtempSync(join(tmpdir(), "memory-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const environment = { XDG_CACHE_HOME: root };
  const folder = cacheFolder("revoked", environment);
  const open = (account = "main") => new RevocationMemory(account, { environment });
  return { root, folder, open };
}

it("shows a later command of the account what was about to be revoked, and other accounts nothing", () => {
  const { open } = scene();
  open().add(KEY);
  expect(open().find(KEY.fingerprint)).toEqual(KEY);
  expect(open().find(OTHER.fingerprint)).toBeUndefined();
  expect(open("other").find(KEY.fingerprint)).toBeUndefined();
});

it("repeats nothing, and a later note counts", () => {
  const { open, folder } = scene();
  const memory = open();
  for (let times = 0; times < 3; times++) memory.add(KEY);
  const later = { ...KEY, settings: { budget: 7 } };
  open().add(later);
  expect(open().find(KEY.fingerprint)).toEqual(later);
  const [file = ""] = readdirSync(folder);
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  expect(lines.filter((line) => line !== "")).toHaveLength(2);
});

it("survives a line that a killed process has cut off", () => {
  const { open, folder } = scene();
  open().add(KEY);
  const [file = ""] = readdirSync(folder);
  appendFileSync(join(folder, file), JSON.stringify(KEY).slice(0, 20));
  open().add(OTHER);
  expect([KEY, OTHER].map(({ fingerprint }) => open().find(fingerprint))).toEqual([KEY, OTHER]);
});

it("leaves out a line that is no note", () => {
  const { open, folder } = scene();
  open().add(KEY);
  const [file = ""] = readdirSync(folder);
  appendFileSync(join(folder, file), `null\n5\n{}\n{"fingerprint":"${OTHER.fingerprint}"}\n`);
  expect(open().find(KEY.fingerprint)).toEqual(KEY);
  expect(open().find(OTHER.fingerprint)).toBeUndefined();
});

it("fails no revocation when it cannot be written", () => {
  const { open, folder } = scene();
  mkdirSync(join(folder, ".."), { recursive: true });
  writeFileSync(folder, "");
  const memory = open();
  memory.add(KEY);
  expect(memory.find(KEY.fingerprint)).toEqual(KEY);
  expect(open().find(KEY.fingerprint)).toBeUndefined();
});
