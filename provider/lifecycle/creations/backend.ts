import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { orUndefined } from "../../util/orUndefined";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Identifies the backend that Pulumi uses for a project, from the environment and files that a plugin process can read.
 *
 * @param folder the plugin's working directory.
 * @param project the project's name.
 * @returns a hash, since a backend's URL may hold credentials; undefined: the backend is not known for certain.
 */
export function backendIdIn(environment: Environment, folder: string, project: string): string | undefined {
  const root = projectRoot(folder);
  const url = selectedBackend(environment, root, project);
  // The CLI resolves a relative path from its own working directory, which is the project's folder in most cases.
  return url === undefined ? undefined : backendIdOf(url, root?.folder ?? folder, environment);
}

/**
 * Identifies the backend that the Pulumi CLI reports to a command.
 *
 * @param url the URL that `pulumi whoami` reports: of a service it is the console's, not the one of its API.
 * @param folder the CLI's working directory.
 */
export function reportedBackendId(
  url: string,
  environment: Environment,
  folder: string,
  project: string,
): string | undefined {
  if (!isService(url)) return backendIdOf(url, folder, environment);
  const selected = selectedBackend(environment, projectRoot(folder), project);
  return selected !== undefined && isService(selected)
    ? backendIdOf(selected, folder, environment)
    : undefined;
}

/** @param folder the base of a relative path. */
export function backendIdOf(url: string, folder: string, environment: Environment = {}): string | undefined {
  const identity = url.startsWith(FILE)
    ? folderIdentity(url.slice(FILE.length), folder)
    : urlIdentity(url, environment);
  if (identity === undefined) return undefined;
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}

const FILE = "file://";
const PULUMI_CLOUD = "https://api.pulumi.com";

/** Pulumi Cloud, or Pulumi's service on premises. */
export function isService(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/**
 * A folder by its path, its inode and its birth: containers may share the journal but not the folder, and a file system gives
 * the inode of a removed folder to the next, and the same inode to the first folder of each container. Undefined for a folder
 * without a backend, which Pulumi does not use.
 */
function folderIdentity(text: string, folder: string): unknown[] | undefined {
  const path = (text.split("?", 1)[0] ?? "").replace(/^~(?=$|[\\/])/, systemHome);
  const absolute = resolve(folder, process.platform === "win32" ? path.replace(/^\/(?=[a-z]:)/i, "") : path);
  try {
    const root = realpathSync(absolute);
    const { ino, birthtimeNs } = statSync(join(root, ".pulumi"), { bigint: true });
    return [FILE, root, String(ino), String(birthtimeNs)];
  } catch {
    return undefined;
  }
}

/** Pulumi's own folder: plugins and, by default, credentials. */
export function pulumiHome(environment: Environment): string {
  return environment["PULUMI_HOME"] || join(systemHome(), ".pulumi");
}

/** As Go does: from the system, then from HOME. Node throws where neither names one. */
export function systemHome(): string {
  for (const read of [() => userInfo().homedir, homedir]) {
    try {
      return read();
    } catch {}
  }
  return "/";
}

/** The variables from which Pulumi takes a server or an account that a URL leaves out. */
const LOCATION_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  "azblob:": ["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_DOMAIN"],
  "s3:": ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
  "postgres:": ["PGHOST", "PGPORT", "PGDATABASE"],
};

function urlIdentity(text: string, environment: Environment): unknown[] | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, username, pathname, search } = new URL(text);
  const location = (LOCATION_VARIABLES[protocol] ?? []).map((name) => environment[name] ?? "");
  return [protocol, username, host.toLowerCase(), pathname.replace(/\/+$/, ""), search, ...location];
}

/**
 * The backend's URL as Pulumi selects it: from the environment, the project's file, or the last login. Undefined if none of
 * these has it, or if the file is another project's.
 */
function selectedBackend(
  environment: Environment,
  root: ProjectRoot | undefined,
  project: string,
): string | undefined {
  const ofEnvironment = environment["PULUMI_BACKEND_URL"];
  if (ofEnvironment !== undefined && ofEnvironment !== "") return ofEnvironment;
  const declared = root === undefined ? undefined : declaredIn(root.file, project);
  if (declared === undefined || declared.url !== undefined) return declared?.url;
  return currentLogin(environment);
}

interface ProjectRoot {
  folder: string;
  file: string;
}

const PROJECT_FILES = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

/** The project's file, in the folder or above it. */
export function projectRoot(folder: string): ProjectRoot | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = PROJECT_FILES.map((name) => join(at, name)).find((path) => existsSync(path));
    if (file !== undefined) return { folder: at, file };
    if (dirname(at) === at) return undefined;
  }
}

/** @returns undefined if the file is another project's, or in a form that is not supported here. */
function declaredIn(file: string, project: string): { url: string | undefined } | undefined {
  const text = orUndefined(() => readFileSync(file, "utf8"));
  if (text === undefined) return undefined;
  if (file.endsWith(".json")) return declaredInJson(text, project);
  const lines = text.split(/\r?\n/);
  if (entryIn(lines, "name") !== project) return undefined;
  const at = lines.findIndex((line) => /^["']?backend["']?\s*:/.test(line));
  if (at === -1) return { url: undefined };
  if (!/^backend:\s*(?:#.*)?$/.test(lines[at] ?? "")) return undefined;
  const below = lines.slice(at + 1).filter((line) => !/^\s*(?:#.*)?$/.test(line));
  const indent = /^ +/.exec(below[0] ?? "")?.[0] ?? "";
  const end = below.findIndex((line) => !line.startsWith(" "));
  const url = entryIn(end === -1 ? below : below.slice(0, end), `${indent}url`);
  return url === undefined ? undefined : { url: url === "" ? undefined : url };
}

function entryIn(lines: readonly string[], key: string): string | undefined {
  return scalar(lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 1));
}

function declaredInJson(text: string, project: string): { url: string | undefined } | undefined {
  const parsed = orUndefined(() => JSON.parse(text) as unknown) as
    | { name?: unknown; backend?: { url?: unknown } | null }
    | undefined;
  if (parsed?.name !== project) return undefined;
  const url = parsed.backend?.url;
  return { url: typeof url === "string" && url !== "" ? url : undefined };
}

/** The plain or quoted text of one line. Undefined for any other YAML. */
function scalar(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  const quoted = /^(?:"([^"\\]*)"|'([^']*)')(?:\s+#.*)?$/.exec(trimmed);
  if (quoted) return quoted[1] ?? quoted[2];
  const plain = /^([^\s"'{}[\]&*!|>%@`#][^\s]*)(?:\s+#.*)?$/.exec(trimmed);
  return plain?.[1];
}

function currentLogin(environment: Environment): string | undefined {
  const folder = environment["PULUMI_CREDENTIALS_PATH"] || pulumiHome(environment);
  const parsed = orUndefined(
    () => JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8")) as unknown,
  ) as { current?: unknown } | undefined;
  if (typeof parsed?.current === "string" && parsed.current !== "") return parsed.current;
  // With a token, no login is needed.
  return environment["PULUMI_ACCESS_TOKEN"] ? environment["PULUMI_API"] || PULUMI_CLOUD : undefined;
}
