import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { runCommand, startCommand, type ProcessUser, type RunningCommand } from "./command";
import { freePort } from "./freePort";

/** A PostgreSQL server for one test, in its own folder. */
export interface PostgresServer {
  /** For PULUMI_BACKEND_URL. */
  readonly url: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The places to search for the programs. All must be in the same folder. */
export interface PostgresOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Debian's folder for the programs of each version, which is not on PATH. */
  versionsFolder?: string;
}

/** Either the folder of the programs, or why there is none. */
export type PostgresPrograms = { folder: string } | { missing: string };

/** The name of the superuser and of the database. */
const NAME = "pulumi";
/** Number of attempts: another process may take the port before the server listens. */
const START_ATTEMPTS = 3;

/** Finds `initdb` and `postgres`: on PATH, or the newest that Debian's packages installed. At once, for `skipIf`. */
export function findPostgres(options: PostgresOptions = {}): PostgresPrograms {
  const { env = process.env, versionsFolder = "/usr/lib/postgresql" } = options;
  const versions = existsSync(versionsFolder) ? readdirSync(versionsFolder) : [];
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a));
  const folders = [
    ...(env["PATH"] ?? "").split(delimiter).filter(Boolean),
    ...newestFirst.map((version) => join(versionsFolder, version, "bin")),
  ];
  const folder = folders.find((candidate) =>
    ["initdb", "postgres"].every((program) => existsSync(join(candidate, program))),
  );
  if (folder !== undefined) return { folder };
  return { missing: `no initdb and postgres on PATH or in ${versionsFolder}/*/bin` };
}

/**
 * Starts a server with an empty database on the loopback interface, without authentication.
 *
 * @throws when PostgreSQL is not installed, or does not start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const programs = findPostgres(options);
  if ("missing" in programs) throw new Error(`PostgreSQL is not installed: ${programs.missing}`);
  const user = await unprivilegedUser();
  // Not in the repository: another user must be able to access it. Socket paths must be short.
  const root = await mkdtemp(join(tmpdir(), "pg-"));
  if (user !== undefined) await chown(root, user.uid, user.gid);
  const cluster: Cluster = { ...programs, root, data: join(root, "data"), user };
  try {
    await initialize(cluster);
    return await listen(cluster);
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

interface Cluster {
  folder: string;
  root: string;
  data: string;
  user: ProcessUser | undefined;
}

async function initialize({ folder, data, ...cluster }: Cluster): Promise<void> {
  const settings = ["--auth=trust", `--username=${NAME}`, "--encoding=UTF8", "--no-locale", "--no-sync"];
  const made = await runCommand(
    join(folder, "initdb"),
    [`--pgdata=${data}`, ...settings],
    optionsFor(cluster),
  );
  if (made.exitCode !== 0) throw new Error(`initdb failed:\n${made.output}`);
  // The single-user mode needs no client.
  const database = await runCommand(join(folder, "postgres"), ["--single", "-D", data, "postgres"], {
    ...optionsFor(cluster),
    input: `CREATE DATABASE ${NAME}\n`,
  });
  if (database.exitCode !== 0) throw new Error(`The database could not be created:\n${database.output}`);
}

async function listen(cluster: Cluster): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = start(cluster, port);
    try {
      await server.waitForOutput(/ready to accept connections/);
    } catch (error) {
      if (attempt >= START_ATTEMPTS || !server.output().includes("in use")) throw error;
      continue;
    }
    return {
      url: `postgres://${NAME}@127.0.0.1:${port}/${NAME}?sslmode=disable`,
      stop: async () => {
        // A "fast" shutdown: closes sessions without waiting.
        server.kill("SIGINT");
        await server.done;
        await rm(cluster.root, { recursive: true, force: true });
      },
    };
  }
}

function start({ folder, data, ...cluster }: Cluster, port: number): RunningCommand {
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: cluster.root,
    // The data is temporary, so it need not survive a power loss.
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "off",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return startCommand(join(folder, "postgres"), ["-D", data, ...args], optionsFor(cluster));
}

function optionsFor({ root, user }: Pick<Cluster, "root" | "user">) {
  const { PATH = "" } = process.env;
  return { cwd: root, env: { PATH, LC_ALL: "C", TZ: "UTC" }, ...(user === undefined ? {} : { user }) };
}

/** PostgreSQL does not run as root: use an unprivileged user of the machine. */
async function unprivilegedUser(): Promise<ProcessUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map(
    (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => {
      const [name = "", , uid, gid] = line.split(":");
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
  const user = users.get("postgres") ?? users.get("nobody");
  if (user === undefined) throw new Error("PostgreSQL does not run as root, and there is no other user.");
  return user;
}
