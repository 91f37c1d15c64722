import type { RedisConnection } from "./redisConnection";
import type { Cell, CellValue } from "./sharedWindow";
import { LONGEST_WINDOW_MS } from "./pastRequests";

/** The prefix of every key. The braces keep what belongs together on one node of a cluster. */
export const KEY_PREFIX = "electronhub:window:";

/** After this time without a change, no request is left in any window. */
const EXPIRES_AFTER_MS = LONGEST_WINDOW_MS + 300_000;

export interface RedisCellOptions {
  connection: Pick<RedisConnection, "send">;
  /** Identifies the account, without its key. */
  account: string;
  /** When a value expires that is not written any more, in milliseconds. Default: a little more than an hour. */
  expiresAfterMs?: number;
}

/** A value on a Redis or Valkey server. */
export function redisCell({
  connection,
  account,
  expiresAfterMs = EXPIRES_AFTER_MS,
}: RedisCellOptions): Cell {
  const key = `${KEY_PREFIX}{${account}}`;
  const run = (...args: string[]) => connection.send(["EVAL", SCRIPT, "1", key, ...args]);
  return {
    key,
    read: async (known) => valueOf(await run(known), known),
    async writeIf(version, next) {
      const reply = await run(version, next.version, next.text, String(expiresAfterMs));
      return reply === 1 ? true : valueOf(reply, version);
    },
  };
}

/**
 * Reads or replaces the value in one step. Arguments: the known version, and to write also the new version, the new text
 * and the time until it expires. The text is sent only if its version is not the known one.
 */
const SCRIPT = `
local version = redis.call('HGET', KEYS[1], 'version') or ''
if ARGV[2] and version == ARGV[1] then
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'text', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return 1
end
local text = version ~= ARGV[1] and redis.call('HGET', KEYS[1], 'text') or ''
local time = redis.call('TIME')
return { version, text, time[1] * 1000 + math.floor(time[2] / 1000) }`;

function valueOf(reply: unknown, known: string): CellValue {
  const [version, text, nowMs] = reply as [string, string, number];
  return version === "" || version === known ? { version, nowMs } : { version, text, nowMs };
}
