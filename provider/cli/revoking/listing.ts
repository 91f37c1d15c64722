import { isIncompleteList, isRateLimited } from "../../api/errorGuards";
import type { CallOptions } from "../../api/client";
import type { KeyObject } from "../../api/wire";
import type { AccountView } from "../account/accounts";
import { problemOf, type Problem } from "../problems";

/** What the account's list has shown. */
export interface Listing {
  keys: readonly KeyObject[];
  /** When it was requested, in milliseconds since the epoch. */
  sentMs: number;
  /** Why keys may be missing in it. Undefined: it is complete. */
  flaw?: Problem;
}

/** Lists the account's keys. */
export function list(account: AccountView): Promise<Listing> {
  return request(account, {});
}

/** The same without retries, except after a 429: lookups can show the keys as well. */
export async function listOnce(account: AccountView): Promise<Listing> {
  for (;;) {
    try {
      return await request(account, { once: true });
    } catch (error) {
      if (!isRateLimited(error)) throw error;
    }
  }
}

/** The list, or what it shows if keys may be missing. */
export async function listShown(account: AccountView): Promise<Listing> {
  let sentMs = Number.NaN;
  try {
    return await request(account, {}, (ms) => (sentMs = ms));
  } catch (error) {
    if (!isIncompleteList(error)) throw error;
    return { keys: error.shown, sentMs, flaw: problemOf(error) };
  }
}

async function request(
  account: AccountView,
  options: Partial<CallOptions>,
  sent: (ms: number) => void = () => {},
): Promise<Listing> {
  const { client, call } = account.begin();
  let sentMs = Number.NaN;
  const onRequest = () => {
    sentMs = call.clock.nowMs();
    sent(sentMs);
  };
  const { keys } = await client.list({ ...call, ...options, onRequest });
  return { keys, sentMs };
}
