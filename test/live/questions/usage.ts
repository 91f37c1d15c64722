import { isSuccess, objectOf } from "../answer";
import { SMALL_BUDGET } from "../api";
import { modelFor, NO_MODEL, useOnce } from "../chat";
import { changesBetween, changesText, rounded } from "../figures";
import type { Group } from "./group";

const BUDGET = 2 * SMALL_BUDGET;
/** The API may book a use a little later. */
const BOOKED_MS = 30_000;

/** What one use of a key leaves: in the key, in the account, and in its logs. */
export const usage: Group = {
  name: "usage",
  async ask(api, report, environment) {
    const model = await modelFor(api, environment);
    if (model === undefined) {
      report.add("What does the use of a key show?", "models", "no model", { why: NO_MODEL });
      return;
    }
    await api.withKey({ allocated_ammount: BUDGET, model_whitelist: [model] }, async ({ key }) => {
      const before = await api.send("me");
      const used = await useOnce(api, key, model);
      const failed = isSuccess(used) ? undefined : { why: "the use failed" };
      await api.sleep(BOOKED_MS);
      const found = objectOf((await api.send("lookup", { proxy_key: key })).json);
      const amount = Number(found["used_ammount"]);
      report.add(
        "Does the use of a key show in used_ammount and last_used?",
        `chat with ${model}, lookup`,
        `chat: ${used.text}; used_ammount ${amount}, last_used ${String(found["last_used"])}`,
        failed ??
          `used_ammount: ${amount > 0 ? "yes" : "no"}, last_used: ${found["last_used"] ? "yes" : "no"}`,
      );

      const logs = await api.send("logs");
      const entries = (Array.isArray(logs.json) ? (logs.json as unknown[]) : []).map(objectOf);
      const own = entries.filter((entry) => entry["key"] === key);
      report.add(
        "Do the user's logs have the requests of proxy keys?",
        "logs",
        `${logs.text}, ${own.length} with the key`,
        failed ??
          (!isSuccess(logs)
            ? { why: "no logs" }
            : own.length > 0
              ? "yes, with the whole key"
              : "no, not with the key"),
      );

      const charged = await api.send("me");
      const byUse = changesBetween(before.json, charged.json);
      report.add(
        "Does the use of a key change the account's credits once more?",
        "me before and after",
        changesText(byUse),
        failed ?? (byUse.has("credits") ? { why: "they changed; something else may have used them" } : "no"),
      );
      await api.send("remove", { proxy_key: key });
      const removed = await api.send("me");
      const byRemoval = changesBetween(charged.json, removed.json);
      const back = byRemoval.get("credits") ?? 0;
      report.add(
        "Does a removal give back only what is unused?",
        "remove, me",
        `used ${amount} of ${BUDGET}; ${changesText(byRemoval)}`,
        failed ??
          (back === rounded(BUDGET - amount)
            ? "yes"
            : back === BUDGET
              ? "no: all"
              : { why: "another amount" }),
      );
    });
  },
};
