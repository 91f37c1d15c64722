import { isSuccess } from "../answer";
import { SMALL_BUDGET } from "../api";
import { changesBetween, changesText } from "../figures";
import type { Group } from "./group";

const LIFETIME_S = 120;
/** The API may be late, and its clock a second off. */
const AFTER_MS = 30_000;

/** What becomes of a key, and of its credits, when it expires. */
export const expiry: Group = {
  name: "expiry",
  async ask(api, report) {
    const expiresAtS = Math.ceil(api.serverNowMs / 1_000) + LIFETIME_S;
    await api.withKey({ expires_at: expiresAtS }, async ({ key }) => {
      const before = await api.send("me");
      await api.sleep(Math.max(0, expiresAtS * 1_000 - api.serverNowMs) + AFTER_MS);
      const validated = await api.send("validate", {}, key);
      report.add(
        "What does validate say of an expired key?",
        "create, wait, validate",
        validated.text,
        `HTTP ${validated.status}`,
      );
      const found = await api.send("lookup", { proxy_key: key });
      report.add(
        "Does an expired key stay on the account?",
        "lookup",
        found.text,
        isSuccess(found) ? "yes" : `no: HTTP ${found.status}`,
      );
      const expired = await api.send("me");
      const byExpiry = changesBetween(before.json, expired.json);
      const returned = byExpiry.get("credits") ?? 0;
      report.add(
        "Does expiry give the credits back?",
        "me before and after the expiry",
        changesText(byExpiry),
        returned === 0 ? "no" : returned === SMALL_BUDGET ? "yes" : { why: "another amount changed" },
      );
      const removal = await api.send("remove", { proxy_key: key });
      const after = await api.send("me");
      const byRemoval = changesBetween(expired.json, after.json);
      const back = byRemoval.get("credits") ?? 0;
      report.add(
        "Does the removal of an expired key give the credits back?",
        "remove, me",
        `remove: ${removal.text}; ${changesText(byRemoval)}`,
        !isSuccess(removal)
          ? { why: "the key was not removed" }
          : back === SMALL_BUDGET
            ? "yes"
            : back === 0
              ? "no"
              : { why: "another amount changed" },
      );
    });
  },
};
