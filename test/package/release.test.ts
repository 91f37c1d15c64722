import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageVersion } from "../../provider/config";
import { release, type ReleasedArchive } from "../release/release";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

let folder: string;
let archives: ReleasedArchive[];

beforeAll(async () => {
  await mkdir(join(REPOSITORY_ROOT, ".scratch"), { recursive: true });
  folder = await mkdtemp(join(REPOSITORY_ROOT, ".scratch", "release-"));
  archives = await release(join(folder, "first"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const names = ["linux", "darwin", "windows"].flatMap((system) =>
  ["amd64", "arm64"].map(
    (architecture) => `pulumi-resource-electronhub-v${packageVersion()}-${system}-${architecture}.tar.gz`,
  ),
);

it("has an archive below 1 MB for each system, and the checksum of each", async () => {
  expect(await readdir(join(folder, "first"))).toEqual(["SHA256SUMS", ...names.toSorted()]);
  expect(archives.filter(({ size }) => size >= 1_000_000)).toEqual([]);
  const sums = await readFile(join(folder, "first", "SHA256SUMS"), "utf8");
  const actual = names.map((name) => `${sha256(pathOf(name))}  ${name}\n`);
  expect(sums).toBe(actual.join(""));
});

it("has the same bytes when it is made again", async () => {
  await release(join(folder, "again"));
  const sums = (part: string) => readFile(join(folder, part, "SHA256SUMS"), "utf8");
  expect(await sums("again")).toBe(await sums("first"));
});

it.each([
  ["linux", []],
  ["windows", ["pulumi-resource-electronhub.cmd"]],
])("holds the executable, its licences, and what %s needs", async (system, more) => {
  const unpacked = unpack(system);
  const files = ["pulumi-resource-electronhub", "package.json", "LICENSE", "THIRD_PARTY_NOTICES.txt"];
  expect((await readdir(unpacked)).toSorted()).toEqual([...files, ...more].toSorted());
  expect(listing(system)).toMatch(/^-rwxr-xr-x .* 1980-01-01 .* pulumi-resource-electronhub$/m);
  expect(await readFile(join(unpacked, "LICENSE"), "utf8")).toContain("Apache License");
});

it("names the packages that it contains, with their licences", async () => {
  const notices = await readFile(join(unpack("linux"), "THIRD_PARTY_NOTICES.txt"), "utf8");
  const named = [...notices.matchAll(/^(@?[\w/.-]+) \d+\.\d+\.\d+ \((\S+(?: AND \S+)?)\)$/gm)];
  const licences = new Map(named.map(([, name, licence]) => [name, licence]));
  expect(Object.fromEntries(licences)).toEqual({
    "@grpc/grpc-js": "Apache-2.0",
    "@js-sdsl/ordered-map": "MIT",
    "@opentelemetry/api": "Apache-2.0",
    "@pulumi/pulumi": "Apache-2.0",
    "@redis/client": "MIT",
    "google-protobuf": "BSD-3-Clause AND Apache-2.0",
    semver: "ISC",
    undici: "MIT",
    zod: "MIT",
  });
  expect(notices).toContain("Copyright (c) Matteo Collina and Undici contributors");
});

it("contains no path of the machine that made it", async () => {
  const code = await readFile(join(unpack("linux"), "pulumi-resource-electronhub"), "utf8");
  expect(code.startsWith("#!/usr/bin/env node\n")).toBe(true);
  expect(code).not.toContain(REPOSITORY_ROOT);
});

function pathOf(name: string): string {
  return join(folder, "first", name);
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function archiveFor(system: string): string {
  return pathOf(names.find((name) => name.includes(system)) ?? "");
}

/** What `tar` shows of a system's archive. */
function listing(system: string): string {
  return execFileSync("tar", ["-tvzf", archiveFor(system)], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
  });
}

/** @returns the folder with the files of a system's archive. */
function unpack(system: string): string {
  const unpacked = join(folder, system);
  mkdirSync(unpacked, { recursive: true });
  execFileSync("tar", ["-xzf", archiveFor(system), "-C", unpacked]);
  return unpacked;
}
