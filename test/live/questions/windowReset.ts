import { isSuccess, objectOf } from "../answer";
import { SMALL_BUDGET } from "../api";
import { modelFor, NO_MODEL, useOnce } from "../chat";
import type { Group } from "./group";

const LOOK_MS = 15 * 60_000;
const HOUR_MS = 60 * 60_000;

/** What was used at a time. */
export interface Look {
  atMs: number;
  used: number;
}

/** When a key's window starts afresh: needs a day, so only with `ELECTRONHUB_LIVE_HOURS`. */
export const windowReset: Group = {
  name: "window",
  async ask(api, report, environment) {
    const hours = Number(environment["ELECTRONHUB_LIVE_HOURS"] ?? 0);
    const question = "When does a key's window start afresh?";
    if (!(hours > 0)) {
      const why = "takes a day: set ELECTRONHUB_LIVE_HOURS=26, and start no other live test meanwhile";
      report.add(question, "none", "not tried", { why });
      return;
    }
    const model = await modelFor(api, environment);
    if (model === undefined) {
      report.add(question, "models", "no model", { why: NO_MODEL });
      return;
    }
    const settings = { model_whitelist: [model], allocated_ammount: SMALL_BUDGET };
    await api.withKey({ ...settings, limit_type: "daily" }, (daily) =>
      api.withKey({ ...settings, limit_type: "weekly" }, async (weekly) => {
        const looks = { daily: [] as Look[], weekly: [] as Look[] };
        const look = async () => {
          for (const [type, { key }] of Object.entries({ daily, weekly }) as [
            "daily" | "weekly",
            typeof daily,
          ][]) {
            const found = await api.send("lookup", { proxy_key: key });
            const used = objectOf(found.json)["used_ammount"];
            if (isSuccess(found) && typeof used === "number")
              looks[type].push({ atMs: api.serverNowMs, used });
          }
        };
        const startedMs = api.serverNowMs;
        const uses = [await useOnce(api, daily.key, model), await useOnce(api, weekly.key, model)];
        for (const endMs = startedMs + hours * HOUR_MS; api.serverNowMs < endMs; await api.sleep(LOOK_MS))
          await look();
        for (const type of ["daily", "weekly"] as const) {
          const request = `create with "${type}", chat, a lookup each quarter of an hour for ${hours} hours`;
          report.add(
            type === "daily" ? question : "Does a create with limit_type weekly make a weekly window?",
            request,
            `${uses.map(({ status }) => `chat: HTTP ${status}`).join(", ")}; used at first ${looks[type][0]?.used ?? "unknown"}`,
            resetIn(looks[type], startedMs),
          );
        }
      }),
    );
  },
};

/** What follows from the looks at one key. */
export function resetIn(looks: readonly Look[], startedMs: number): string | { why: string } {
  const first = looks.findIndex(({ used }) => used > 0);
  if (first === -1) return { why: "no use was shown" };
  const after = looks.findIndex(({ used }, at) => at > first && used < (looks[at - 1]?.used ?? 0));
  const [last, now] = [looks[after - 1], looks[after]];
  if (last === undefined || now === undefined) {
    const hours = ((looks.at(-1)?.atMs ?? startedMs) - startedMs) / HOUR_MS;
    return `not within ${hours.toFixed(1)} hours`;
  }
  const time = (ms: number) => `${new Date(ms).toISOString().slice(11, 16)} UTC`;
  const ageHours = (now.atMs - startedMs) / HOUR_MS;
  return `between ${time(last.atMs)} and ${time(now.atMs)}, at most ${ageHours.toFixed(1)} hours after the use`;
}
