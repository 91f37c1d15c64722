import { isSuccess, objectOf, type Answer } from "../answer";
import type { Group } from "./group";

/** What validate says of a key that is enabled, disabled and removed; what the other calls say of a removed one. */
export const validate: Group = {
  name: "validate",
  ask: (api, report) =>
    api.withKey({}, async ({ key }) => {
      const ask = () => api.send("validate", {}, key);
      const enabled = await ask();
      report.add(
        "What does validate say of an enabled key?",
        "create, validate",
        enabled.text,
        said(enabled),
      );

      const off = await api.send("toggle", { proxy_key: key });
      const disabled = await ask();
      report.add(
        "What does validate say of a disabled key?",
        "toggle, validate",
        `toggle: ${off.text}; validate: ${disabled.text}`,
        objectOf(off.json)["status"] === false ? said(disabled) : { why: "the key was not disabled" },
      );

      const removal = await api.send("remove", { proxy_key: key });
      const isRemoved = isSuccess(removal);
      const removed = await ask();
      report.add(
        "What does validate say of a removed key?",
        "remove, validate",
        `remove: ${removal.text}; validate: ${removed.text}`,
        isRemoved ? said(removed) : { why: "the key was not removed" },
      );
      const again = await api.send("remove", { proxy_key: key });
      const found = await api.send("lookup", { proxy_key: key });
      report.add(
        "What do remove and lookup say of a removed key?",
        "remove, lookup",
        `remove: ${again.text}; lookup: ${found.text}`,
        isRemoved ? `${again.status} and ${found.status}` : { why: "the key was not removed" },
      );
    }),
};

function said({ status, json }: Answer): string {
  const { valid } = objectOf(json);
  return typeof valid === "boolean" ? `HTTP ${status}, valid: ${String(valid)}` : `HTTP ${status}`;
}
