import { ForbiddenError, MaxWaitError, UnauthorizedError } from "../../api/errors";
import { rateLimitInfo } from "../../api/rateLimit/rateLimitInfo";
import { createTransport, type Transport } from "../../api/transport";
import { CONFIG_NAMESPACE, SETTINGS, type Settings } from "../../config";
import { AccountContexts } from "../../lifecycle/accountContext";
import { systemDependencies } from "../../lifecycle/system";
import type { StackSettings } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { counted } from "../terminal/table";
import { failureOf, ok, skipped, warning, type Check } from "./check";

/**
 * Checks the API key, the base URL and the rate limit with one list of the account's keys.
 *
 * @param stack the settings of the stack's configuration. Undefined: unknown.
 * @param where the program's folder, and whether the project has stacks, but none is selected.
 */
export async function accountChecks(
  stack: StackSettings | undefined,
  { folder, isUnselected = false }: { folder: string; isUnselected?: boolean | undefined },
  world: CommandContext,
): Promise<Check[]> {
  const { accounts, environment, terminal } = world;
  const written = [stack?.[`${CONFIG_NAMESPACE}:apiKey`], environment[SETTINGS.apiKey]];
  for (const apiKey of written) if (apiKey) terminal.hide(apiKey);
  if (stack === undefined) return [skipped("Account", "the stack's settings are unknown")];
  if (isUnselected && !written.some(Boolean))
    return [skipped("Account", "no stack is selected, and the environment has no API key")];
  try {
    const { settings } = accounts.forSettings(stack, folder);
    const origin = written[0] ? "the stack's configuration" : SETTINGS.apiKey;
    terminal.progress("Listing the account's keys");
    return verdicts(`from ${origin}`, settings, await listOnce(settings, world));
  } catch (error) {
    return [failureOf("Settings", error, RUN_AGAIN), skipped("Account", "the settings are invalid")];
  }
}

const RUN_AGAIN = "Run the command again.";

type Answer = { keys?: number; error?: unknown; limit: number | undefined };

function verdicts(apiKey: string, { baseUrl, rateLimit }: Settings, { keys, error, limit }: Answer): Check[] {
  if (error instanceof MaxWaitError)
    return [
      skipped("API key", `${apiKey}: the rate limit allows no request now`),
      { ...failureOf("Rate limit", error, RUN_AGAIN), status: "warning" },
    ];
  const isRefused =
    error instanceof UnauthorizedError || (error instanceof ForbiddenError && error.reason !== "edge");
  if (keys === undefined && !isRefused)
    return [
      skipped("API key", `${apiKey}: the API neither accepted nor refused it`),
      failureOf("Base URL", error, RUN_AGAIN, `${baseUrl}: `),
    ];
  const own = rateLimit && `at most ${rateLimit.limit} per ${rateLimit.windowMs / 1_000} s by your setting`;
  const limits = [limit && `${counted(limit, "request")} per minute`, own].filter(Boolean).join(", ");
  return [
    isRefused
      ? failureOf("API key", error, RUN_AGAIN, `${apiKey}: `)
      : ok("API key", `${apiKey}, accepted: ${counted(keys ?? 0, "proxy key")}`),
    ok("Base URL", baseUrl),
    limits === ""
      ? warning(
          "Rate limit",
          "The API sends no rate-limit headers, so the limit is only known after a 429.",
          "Set electronhub:rateLimit to your plan's limit, for example 10/60s.",
        )
      : ok("Rate limit", limits),
  ];
}

/** Lists the keys within the account's rate limit, with one retry. Reports a cooldown instead of waiting for it. */
async function listOnce(settings: Settings, { clock, stop, terminal }: CommandContext): Promise<Answer> {
  let limit: number | undefined;
  const system = systemDependencies((line) => terminal.progress(line));
  const transport: Transport = {
    async send(request, signal) {
      const response = await inner.send(request, signal);
      limit = rateLimitInfo(response, clock.nowMs())?.limit ?? limit;
      return response;
    },
    close: () => inner.close(),
  };
  const inner = createTransport({ responseTimeoutMs: 20_000 });
  const retryPolicy = { maxAttempts: 2, baseDelayMs: 200, maxDelayMs: 1_000 };
  const contexts = new AccountContexts({ ...system, transport, signal: stop, retryPolicy });
  const maxWaitMs = Math.min(settings.maxWaitMs, 15_000);
  try {
    const { client, call } = contexts.begin({ ...settings, maxWaitMs });
    return { keys: (await client.list(call)).keys.length, limit };
  } catch (error) {
    return { error, limit };
  } finally {
    await Promise.all([transport.close(), system.transport.close()]);
  }
}
