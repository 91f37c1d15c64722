import { fieldsOf, isSuccess, objectOf } from "../answer";
import type { Group } from "./group";

const DOCUMENTED = [
  "name",
  "key",
  "expires_at",
  "allocated_ammount",
  "used_ammount",
  "is_active",
  "model_whitelist",
  "ip_whitelist",
  "created_at",
  "last_used",
];

/** What a create answers, and whether it reads `limit_type`. */
export const create: Group = {
  name: "create",
  ask: (api, report) =>
    api.withKey({ limit_type: "weekly" }, async ({ key, name, settings, answer }) => {
      report.add("Which status has a successful create?", "create", answer.text, String(answer.status));

      const found = await api.send("lookup", { proxy_key: key });
      const listed = await api.send("list");
      const entries = (Array.isArray(listed.json) ? (listed.json as unknown[]) : []).map(objectOf);
      const entry = entries.find((one) => one["name"] === name);
      const shapes = { create: fieldsOf(answer.json), list: fieldsOf(entry), lookup: fieldsOf(found.json) };
      const missing = Object.entries(shapes).flatMap(([call, fields]) =>
        DOCUMENTED.filter((field) => !fields.includes(field)).map((field) => `${call} lacks ${field}`),
      );
      const more = [...new Set(Object.values(shapes).flat())].filter((field) => !DOCUMENTED.includes(field));
      report.add(
        "Which fields has a key in create, list and lookup?",
        "create, list, lookup",
        `missing: ${missing.join("; ") || "none"}. Others: ${more.join(", ") || "none"}`,
        missing.length === 0 ? "all that are documented" : "not all that are documented",
      );
      const isWhole = entry === undefined ? undefined : entry["key"] === key;
      report.add(
        "Does the list show whole keys?",
        "list",
        listed.text,
        isWhole === undefined ? { why: "the list does not have the new key" } : isWhole ? "yes" : "no",
      );

      // A value that no type has: refused where the field is read.
      const updated = await api.send("update", { ...settings, proxy_key: key, limit_type: "yearly" });
      const wrong = await api.create({ limit_type: "yearly" });
      if (wrong.key !== undefined) await api.removeIfLeft(wrong.key);
      const shown = objectOf(found.json)["limit_type"] ?? objectOf(answer.json)["limit_type"];
      report.add(
        "Does create honour limit_type?",
        'create with "weekly"; update, then create with "yearly"',
        `shown: ${JSON.stringify(shown ?? null)}; update: ${updated.text}; create: ${wrong.answer.text}`,
        typeof shown === "string"
          ? shown === "weekly"
            ? "yes: it is shown"
            : `no: ${shown} is shown`
          : isSuccess(wrong.answer) && !isSuccess(updated)
            ? "no: update checks the value, create takes any"
            : isSuccess(wrong.answer)
              ? { why: "neither call checks the value" }
              : { why: "create checks the value; whether it applies is shown by the window only" },
      );
    }),
};
