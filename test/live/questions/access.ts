import { isSuccess, type Answer } from "../answer";
import { MADE_UP } from "../guard";
import type { Group } from "./group";

/** What the API says to credentials that may not manage keys. */
export const access: Group = {
  name: "access",
  ask: (api, report) =>
    api.withKey({}, async ({ key }) => {
      const listed = await api.send("list", undefined, key);
      report.add(
        "How is a proxy key refused that tries to manage keys?",
        "list with a proxy key",
        outcome(listed),
        isSuccess(listed) ? "NOT refused: it reads all keys of the account" : `HTTP ${listed.status}`,
      );
      const profile = await api.send("me", undefined, key);
      report.add(
        "May a proxy key read the account?",
        "me with a proxy key",
        outcome(profile),
        allowed(profile),
      );
      for (const [kind, credential] of Object.entries({ DevPass: MADE_UP.devPass, JWT: MADE_UP.jwt })) {
        const refused = await api.send("list", undefined, credential);
        report.add(`How is a ${kind} refused by the list?`, `list with a made-up ${kind}`, outcome(refused), {
          why: `a made-up one gets HTTP ${refused.status}; a real one was not tried`,
        });
      }
    }),
};

/** A success may hold keys of others: only that it is one. */
function outcome(answer: Answer): string {
  return isSuccess(answer) ? `HTTP ${answer.status}` : answer.text;
}

function allowed(answer: Answer): string {
  return isSuccess(answer) ? "yes" : "no";
}
