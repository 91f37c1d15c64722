import { isSuccess } from "../answer";
import { SMALL_BUDGET } from "../api";
import { changesBetween, changesText } from "../figures";
import type { Group } from "./group";

/** When the account pays for a budget, and gets it back. */
export const credits: Group = {
  name: "credits",
  async ask(api, report) {
    let last = await api.send("me");
    /** Adds a finding about what has changed in the account since the last look. */
    const look = async (question: string, request: string, expected: number) => {
      const now = await api.send("me");
      const changes = changesBetween(last.json, now.json);
      const moved = changes.get("credits") ?? 0;
      report.add(
        question,
        `${request}, me`,
        changesText(changes),
        !isSuccess(now) || !isSuccess(last)
          ? { why: `me: ${now.text}` }
          : moved === expected
            ? `yes, at once: ${changesText(changes)}`
            : moved === 0
              ? "no, not in the account's figures"
              : { why: "another amount: something else has used the account, or another pot pays" },
      );
      last = now;
    };

    await api.withKey({}, async ({ key, settings }) => {
      await look("Does the account pay for a new budget, and which figure?", "create", -SMALL_BUDGET);
      const setTo = (budget: number) =>
        api.send("update", { ...settings, proxy_key: key, allocated_ammount: budget });
      await setTo(2 * SMALL_BUDGET);
      await look("Does the account pay for a raised budget?", "update", -SMALL_BUDGET);
      await setTo(SMALL_BUDGET);
      await look("Does the account get back what a budget is lowered by?", "update", SMALL_BUDGET);
      await api.send("remove", { proxy_key: key });
      await look("Does the account get back an unused budget after a removal?", "remove", SMALL_BUDGET);
    });
  },
};
