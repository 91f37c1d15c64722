import { redisCell } from "../../api/rateLimit/redisCell";
import { RedisConnection } from "../../api/rateLimit/redisConnection";
import { readOptions, secretsOf } from "../../config";
import { quotable } from "../../util/redact";
import type { StackSettings } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { failureOf, ok, warning, type Check } from "./check";

const NAME = "Shared window";

/**
 * Takes a step on the server through which machines share the rate limit. None, if the setting is absent or malformed.
 *
 * @param stack the settings of the stack's configuration. Undefined: unknown.
 */
export async function sharedWindowChecks(
  stack: StackSettings | undefined,
  { environment, terminal }: Pick<CommandContext, "environment" | "terminal">,
): Promise<Check[]> {
  const options = stack === undefined ? undefined : optionsIn(stack, environment);
  const { sharedWindow } = options ?? {};
  if (options === undefined || sharedWindow === undefined) return [];
  for (const secret of secretsOf(options)) terminal.hide(secret);
  terminal.progress("Asking the server of the shared window");
  const server = `${sharedWindow.host}:${sharedWindow.port}`;
  const connection = new RedisConnection(sharedWindow);
  try {
    const tookMs = await takeStep(connection);
    const { product, evicts } = await describe(connection);
    const what = `${product} at ${server}, ${tookMs.toFixed(1)} ms per step`;
    return [evicts === undefined ? ok(NAME, what) : evictionWarning(what, evicts)];
  } catch (error) {
    const effect = "machines do not share the rate limit. ";
    // The work goes on without it.
    return [{ ...failureOf(NAME, error, "Run the command again.", effect), status: "warning" }];
  } finally {
    connection.close();
  }
}

type Options = ReturnType<typeof readOptions>;

/** Undefined: a setting is malformed, which another check says. */
function optionsIn(stack: StackSettings, environment: CommandContext["environment"]): Options | undefined {
  try {
    return readOptions({ stack: (key) => stack[key], environment });
  } catch {
    return undefined;
  }
}

/** Reads and writes a value of its own, and returns how long both together took. */
async function takeStep(connection: RedisConnection): Promise<number> {
  const cell = redisCell({ connection, account: "doctor", expiresAfterMs: 10_000 });
  // Connects.
  await cell.read("");
  const startedMs = performance.now();
  const { version } = await cell.read("");
  await cell.writeIf(version, { version: `doctor-${startedMs}`, text: "{}" });
  return performance.now() - startedMs;
}

/** What the server says of itself. A user may be forbidden to ask. */
async function describe(connection: RedisConnection): Promise<{ product: string; evicts?: string }> {
  const reply = await connection.send(["INFO"]).catch(() => "");
  const facts = new Map(
    [...String(reply).matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]),
  );
  const fact = (name: string) => quotable(facts.get(name) ?? "", [], 40);
  const [product, version] =
    [
      ["Valkey", fact("valkey_version")],
      ["Redis", fact("redis_version")],
    ].find(([, found]) => found !== "") ?? [];
  const policy = fact("maxmemory_policy");
  const evicts = policy !== "noeviction" && !["", "0"].includes(fact("maxmemory")) ? policy : undefined;
  return {
    product: product === undefined ? "a server" : `${product} ${version}`,
    ...(evicts === undefined ? {} : { evicts }),
  };
}

function evictionWarning(what: string, policy: string): Check {
  return warning(
    NAME,
    `${what}; with its policy ${policy} it may drop the window when its memory is full`,
    "Set its `maxmemory-policy` to noeviction, or give it more memory.",
  );
}
