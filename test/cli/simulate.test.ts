import { existsSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

import { runCommand, type RunningCommand } from "../support/command";
import { runCli, startCli } from "./runCli";

const running: RunningCommand[] = [];

afterEach(async () => {
  for (const command of running) command.kill("SIGKILL");
  await Promise.all(running.map(({ done }) => done));
  running.length = 0;
});

interface Started {
  command: RunningCommand;
  baseUrl: string;
  /** In the order in which they are shown. */
  apiKeys: string[];
  request: (path: string, apiKey: string | undefined, body?: object) => Promise<Response>;
}

/** The PATH is empty: nothing of Pulumi is needed. */
async function start(...args: string[]): Promise<Started> {
  const command = startCli(["simulate", ...args], { env: { PATH: "" } });
  running.push(command);
  await command.waitForOutput(/Ctrl-C stops the simulator/);
  const output = command.output();
  const baseUrl = /^export ELECTRONHUB_BASE_URL=(\S+)$/m.exec(output)?.[1] ?? "";
  const apiKeys = [...output.matchAll(/^ *export ELECTRONHUB_API_KEY=(\S+)/gm)].map(([, key]) => key ?? "");
  const request = (path: string, apiKey: string | undefined, body?: object) =>
    fetch(`${baseUrl}${path}`, {
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  return { command, baseUrl, apiKeys, request };
}

const BOT = { name: "ci-bot", expires_at: -1, allocated_ammount: 5 };

/** Those of this machine. An interactive zsh knows no comments; bash is as in a script. */
const SHELLS = (
  [
    ["bash", ["--norc"]],
    ["zsh", ["-f", "-i"]],
  ] as const
).filter(([shell]) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, shell))),
);

describe("simulate", () => {
  it("prints settings that work, for shells and for a stack", async () => {
    const { command, baseUrl, apiKeys, request } = await start();
    expect(apiKeys).toHaveLength(1);
    const answer = await request("/user/me", apiKeys[0]);
    expect(answer.status).toBe(200);
    expect(answer.headers.has("x-ratelimit-limit")).toBe(false);
    const output = command.output();
    expect(output).toContain(`pulumi config set electronhub:baseUrl ${baseUrl}\n`);
    expect(output).toContain(`pulumi config set --secret electronhub:apiKey ${apiKeys[0]}\n`);
    expect(output).toContain("discards all keys");
  });

  describe("prints commands that can be pasted", () => {
    /** In the order in which they are shown. */
    const commandsIn = (output: string) => output.match(/^ *(?:export|pulumi) .+$/gm) ?? [];

    it("without a comment and a character that bash or zsh would expand", async () => {
      const { command } = await start("--accounts", "2", "--limit", "10/60s");
      const commands = commandsIn(command.output());
      expect(commands).toHaveLength(6);
      // At the start of a word zsh expands an equals sign.
      for (const line of commands)
        expect(line).toMatch(/^ *[\w./:%+,-][\w./:=%+,-]*(?: [\w./:%+,-][\w./:=%+,-]*)+$/);
    });

    it.each(SHELLS)("into %s", async (shell, options) => {
      const { command, apiKeys, baseUrl } = await start();
      const text = [
        "pulumi() { printf '%s\\n' \"$*\"; }",
        ...commandsIn(command.output()),
        'printf "%s\\n" "$ELECTRONHUB_BASE_URL" "$ELECTRONHUB_API_KEY"',
      ];
      const { stdout, exitCode } = await runCommand(shell, options, {
        env: { PATH: process.env["PATH"] },
        input: `${text.join("\n")}\n`,
      });
      expect(exitCode).toBe(0);
      expect(stdout.trim().split("\n")).toEqual([
        `config set electronhub:baseUrl ${baseUrl}`,
        `config set --secret electronhub:apiKey ${apiKeys[0]}`,
        baseUrl,
        apiKeys[0],
      ]);
    });
  });

  it("lets the command's own client in", async () => {
    const { baseUrl, apiKeys } = await start();
    const env = { PATH: "", ELECTRONHUB_BASE_URL: baseUrl, ELECTRONHUB_API_KEY: apiKeys[0] };
    const { stdout } = await runCli(["doctor"], { env, cwd: tmpdir() });
    expect(stdout).toMatch(/^ok +API key .*accepted: 0 proxy keys$/m);
  });

  it("shows each request on stderr, with the key's name and never a key", async () => {
    const { command, apiKeys, request } = await start();
    const created = (await (await request("/auth/proxy/create", apiKeys[0], BOT)).json()) as { key: string };
    await command.waitForOutput(/create 201/);
    await request("/auth/proxy/remove", apiKeys[0], { proxy_key: created.key });
    await request(`/auth/proxy/${created.key}`, undefined);
    await command.waitForOutput(/violation \(legacy-path\)/);
    command.kill("SIGINT");
    const { exitCode, stdout, stderr } = await command.done;
    expect(exitCode).toBe(0);
    expect(stderr).toContain("POST /auth/proxy/create 201 main ci-bot\n");
    expect(stderr).toContain("POST /auth/proxy/remove 200 main ci-bot\n");
    expect(stderr).toMatch(/^GET \/auth\/proxy\/ek-proxy-\*\*\* \d+ \(no account\)$/m);
    expect(stdout).toMatch(/Stopped after 3 requests, [1-9] violations? \(.+\)\.\n$/);
    for (const secret of [created.key, apiKeys[0] ?? ""]) expect(stderr).not.toContain(secret.slice(-12));
    expect(stdout).not.toContain(created.key);
  });

  it("has as many accounts as asked for, none of which sees another's keys", async () => {
    const { command, apiKeys, request } = await start("--accounts", "3");
    expect(new Set(apiKeys).size).toBe(3);
    expect(command.output()).toMatch(/^account account-3:\n {2}export ELECTRONHUB_API_KEY=\S+$/m);
    const created = (await (await request("/auth/proxy/create", apiKeys[1], BOT)).json()) as { key: string };
    const refused = await request("/auth/proxy/lookup", apiKeys[2], { proxy_key: created.key });
    expect(refused.status).toBe(403);
    await command.waitForOutput(/lookup 403 account-3 ci-bot/);
  });

  it("keeps the limit", async () => {
    const { command, apiKeys, request } = await start("--limit", "2/60s");
    expect(command.output()).toContain("2 requests per 60 s");
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await request("/auth/proxy", apiKeys[0])).status);
    expect(statuses).toEqual([200, 200, 429]);
    await command.waitForOutput(/GET \/auth\/proxy 429 main/);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ends with 0 at %s, with a request under way too",
    async (signal) => {
      const { command, baseUrl } = await start();
      // A request whose body never comes would keep a server open.
      const { port } = new URL(baseUrl);
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.once("connect", resolve));
      socket.write("POST /v1/auth/proxy/remove HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n");
      command.kill(signal);
      const { exitCode, stdout } = await command.done;
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/Stopped after \d+ requests?, 0 violations \(.+\)\.\n$/);
      socket.destroy();
    },
  );

  it("listens on the port that is asked for, and refuses one in use", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const port = String((taken.address() as AddressInfo).port);
    const { exitCode, output } = await runCli(["simulate", "--port", port]);
    expect(exitCode).toBe(3);
    expect(output).toContain(`Port ${port} of 127.0.0.1 is in use.`);
    expect(output).toContain("--port");
    await new Promise((resolve) => taken.close(resolve));
    const { baseUrl } = await start("--port", port);
    expect(baseUrl).toBe(`http://127.0.0.1:${port}/v1`);
  });

  it.each([
    ["--limit", "fast", "10/60s"],
    ["--limit", "0/60s", "10/60s"],
    ["--limit", "10", "10/60s"],
    ["--accounts", "0", "from 1"],
    ["--port", "70000", "65535"],
  ])("refuses %s %s and says what would be right", async (option, value, right) => {
    const { exitCode, output } = await runCli(["simulate", option, value]);
    expect(exitCode).toBe(2);
    expect(output).toContain(option);
    expect(output).toContain(right);
    expect(output).not.toMatch(/defect|\n\s+at /);
  });
});
