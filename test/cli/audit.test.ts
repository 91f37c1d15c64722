import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appendAuditLine, type AuditEntry } from "../../provider/lifecycle/auditLog";
import { hashOf } from "../../provider/lifecycle/audit/chain";
import { jsonOf, runCli } from "./runCli";

/** Not a project's folder. */
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-cli-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ALPHA = "pk-00000000000000aa";
const BETA = "pk-00000000000000bb";

async function writeLog(...entries: Partial<AuditEntry>[]): Promise<void> {
  for (const [at, entry] of entries.entries()) {
    const time = `2026-01-01T00:00:0${at}.000Z`;
    const line = { time, action: "create", outcome: "created", requests: 1, ...entry } as AuditEntry;
    await appendAuditLine(file, line, []);
  }
}

const KEYS = [
  { name: "alpha", fingerprint: ALPHA, labels: { owner: "team-a", ticket: "OPS-7" } },
  { name: "beta", fingerprint: BETA, labels: { owner: "team-a" } },
  { name: "beta", fingerprint: BETA, action: "delete", outcome: "removed" },
  { name: "gamma", fingerprint: undefined, outcome: "failed" },
] as const;

/** Without a home, a login, a project, a Pulumi CLI and an account. */
const audit = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runCli(["audit", ...args], {
    cwd: folder,
    env: { PATH: folder, HOME: folder, PULUMI_HOME: folder, ...env },
  });

const textOf = () => readFile(file, "utf8");
const linesOf = async () => (await textOf()).trimEnd().split("\n");

describe("audit", () => {
  it("shows the lines as a table, newest last", async () => {
    await writeLog(...KEYS);
    const { exitCode, stdout, stderr } = await audit([file]);
    expect(stdout).toBe(
      [
        "time                      action  name   fingerprint          outcome  labels",
        `2026-01-01T00:00:00.000Z  create  alpha  ${ALPHA}  created  owner=team-a ticket=OPS-7`,
        `2026-01-01T00:00:01.000Z  create  beta   ${BETA}  created  owner=team-a`,
        `2026-01-01T00:00:02.000Z  delete  beta   ${BETA}  removed`,
        "2026-01-01T00:00:03.000Z  create  gamma  -                    failed",
        "",
      ].join("\n"),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it.each([
    [
      ["--label", "owner=team-a"],
      ["alpha", "beta"],
    ],
    [["--label", "owner=team-a", "--label", "ticket=OPS-7"], ["alpha"]],
    [
      ["--fingerprint", BETA],
      ["beta", "beta"],
    ],
    [
      ["--fingerprint", BETA, "--fingerprint", ALPHA],
      ["alpha", "beta", "beta"],
    ],
    [["--fingerprint", BETA, "--label", "owner=team-a"], ["beta"]],
    [["--label", "owner=team-b"], []],
  ])("shows with %j the lines about %j", async (filters, names) => {
    await writeLog(...KEYS);
    const { exitCode, stdout } = await audit([...filters, "--json", file]);
    const shown = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { name: string });
    expect({ exitCode, names: shown.map(({ name }) => name) }).toEqual({ exitCode: 0, names });
    const { stdout: table } = await audit([...filters, file]);
    const [heading, ...rows] = table.trimEnd().split("\n");
    expect(heading).toMatch(names.length === 0 ? /^No line matches\.$/ : /^time /);
    expect(rows).toEqual(names.map((name) => expect.stringContaining(name)));
  });

  it("repeats lines for programs as they are, in pages of any number for people", async () => {
    await writeLog(...KEYS);
    const lines = await linesOf();
    expect((await audit(["--json"], { ELECTRONHUB_AUDIT_LOG: file })).stdout).toBe(await textOf());
    await writeFile(file, `${Array.from({ length: 2_500 }, () => lines[0]).join("\n")}\n`);
    const rows = (await audit([file])).stdout.trimEnd().split("\n");
    expect(rows).toHaveLength(2_500 + 3);
    expect(rows.filter((row) => row.startsWith("time"))).toHaveLength(3);
  });

  it("cannot be made to print secrets and control characters that someone has written into the log", async () => {
    const text = "x\u001B[2K ek-proxy-0123456789abcdefghij";
    await writeFile(
      file,
      `${JSON.stringify({ time: "t", action: "create", name: text, labels: { owner: text } })}\n`,
    );
    for (const args of [[file], ["--json", file], ["--verify", file]]) {
      const { output } = await audit(args);
      expect(output).not.toContain("ek-proxy-0");
      expect(output).not.toContain("\u001B");
    }
  });

  it("says that lines cannot be read", async () => {
    await writeLog(...KEYS);
    await appendFile(file, '{"previous":');
    const { exitCode, stdout, stderr } = await audit([file]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("gamma");
    expect(stderr).toBe("1 line cannot be read and may match. Add --verify to see what is wrong.\n");
  });
});

describe("audit --verify", () => {
  it("prints the number of lines and the last one's hash, which finds lines that are cut off later", async () => {
    await writeLog(...KEYS);
    const intact = await audit(["--verify", file]);
    const hash = hashOf(Buffer.from((await linesOf()).at(-1) ?? ""));
    expect(intact.stdout).toBe(
      [
        `${file}: 4 lines, intact.`,
        `Hash of the last line: ${hash}`,
        "The file alone cannot show lines that were cut off at its end, or a change of its last line. Keep the hash elsewhere, and check it later with --contains.",
        "",
      ].join("\n"),
    );
    expect(intact.exitCode).toBe(0);

    await writeLog({ name: "delta", fingerprint: ALPHA });
    const later = await audit(["--verify", "--contains", hash, file]);
    expect(later.exitCode).toBe(0);
    expect(later.stdout).toContain(`5 lines, intact.\nLine 4 has the hash ${hash}.`);

    const lines = await linesOf();
    await writeFile(file, `${lines.slice(0, 3).join("\n")}\n`);
    expect((await audit(["--verify", file])).exitCode, "the file alone does not show it").toBe(0);
    const cut = await audit(["--verify", file, "--contains", hash.toUpperCase()]);
    expect(cut.exitCode).toBe(1);
    expect(cut.stdout).toMatch(
      /No line has the hash [0-9a-f]{64}: lines were cut off at the end.*\n.*3 lines, not intact\./,
    );
    const report = await audit(["--verify", file, "--contains", hash, "--json"]);
    expect(jsonOf(report)).toEqual({
      command: "audit",
      exitCode: 1,
      file,
      lineCount: 3,
      lastHash: hashOf(Buffer.from(lines[2] ?? "")),
      findings: [],
      findingCount: 0,
      contains: { hash, line: null },
    });
  });

  it("shows the first 20 lines that are wrong, and how many more there are", async () => {
    await writeLog(...KEYS);
    await writeFile(file, "x\n".repeat(30));
    const { exitCode, stdout } = await audit(["--verify", file]);
    expect(exitCode).toBe(1);
    expect(stdout.match(/^ {2}! line \d+ is not a line of an audit log/gm)).toHaveLength(20);
    expect(stdout).toMatch(/^ {2}! … and 10 more\.$/m);
    expect(jsonOf(await audit(["--verify", "--json", file]))).toMatchObject({
      exitCode: 1,
      findingCount: 30,
      findings: expect.objectContaining({ 0: { line: 1, why: expect.stringContaining("line 1") } }),
    });
  });

  it("accepts a log without lines", async () => {
    await writeFile(file, "");
    expect(await audit(["--verify", file])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("0 lines, intact."),
    });
  });
});

describe("a wrong command line", () => {
  it.each<[string, string[], RegExp]>([
    ["no file", ["--verify"], /Name the audit log, or set ELECTRONHUB_AUDIT_LOG/],
    ["a file that is missing", ["--verify", "missing"], /There is no audit log missing\./],
    ["a folder", ["."], /The audit log \. cannot be read \(it is not a regular file\)/],
    ["two files", ["a", "b"], /too many arguments/],
    ["a hash without --verify", ["--contains", "a".repeat(64), "x"], /--contains needs --verify/],
    ["a hash that is none", ["--verify", "--contains", "abc", "x"], /64 hexadecimal digits/],
    ["a filter with --verify", ["--verify", "--label", "a=b", "x"], /cannot be used with/],
    ["a label that is none", ["--label", "owner", "x"], /--label takes name=value/],
    [
      "a fingerprint that is a key",
      ["--fingerprint", "ek-proxy-0123456789abcdef", "x"],
      /--fingerprint takes/,
    ],
  ])("with %s is refused", async (_, args, says) => {
    const { exitCode, stdout, stderr } = await audit(args);
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain("0123456789abcdef");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });
});
