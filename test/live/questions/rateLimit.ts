import { header, isSuccess, type Answer } from "../answer";
import type { LiveApi } from "../api";
import type { Group } from "./group";

const LIMIT = "x-ratelimit-limit";
const REMAINING = "x-ratelimit-remaining";
const NAMES = [LIMIT, REMAINING, "x-ratelimit-reset"];
/** After it, the window has no request of this run. */
const WINDOW_MS = 61_000;

/** Which responses show the rate limit, and which requests count. */
export const rateLimit: Group = {
  name: "rate limit",
  async ask(api, report) {
    await counts(api, "Does GET /models count in the rate limit?", "models", report, () =>
      api.send("models", undefined, null),
    );
    await api.withKey({}, ({ key }) =>
      counts(api, "Does a proxy key's validate count in the account's rate limit?", "validate", report, () =>
        api.send("validate", {}, key),
      ),
    );

    const calls = [...new Set(api.answers.map(({ call }) => call))];
    const lines = calls.map((call) => {
      const answers = api.answers.filter((one) => one.call === call).map(({ answer }) => answer);
      const full = answers.filter((answer) => NAMES.every((name) => header(answer, name) !== undefined));
      return `${call} ${full.length} of ${answers.length}`;
    });
    const without = api.answers.filter(({ answer }) => header(answer, LIMIT) === undefined);
    report.add(
      "Which responses have all three X-RateLimit headers?",
      "all requests of this run",
      lines.join(", "),
      without.length === 0
        ? "all"
        : `not all; without: ${[...new Set(without.map(({ call, answer }) => `${call} (${answer.status})`))].join(", ")}`,
    );
    const limits = new Set(api.answers.flatMap(({ answer }) => header(answer, LIMIT) ?? []));
    report.add(
      "Which limit do the responses name?",
      "all requests of this run",
      [...limits].join(", ") || "none",
      limits.size === 1 ? `${[...limits].join()} requests` : { why: limits.size === 0 ? "none" : "several" },
    );
    const refused = api.answers.filter(({ answer }) => answer.status === 429);
    report.add(
      "What does a 429 say?",
      "all requests of this run",
      refused
        .map(({ answer }) => `${answer.text}, Retry-After: ${header(answer, "retry-after") ?? "none"}`)
        .join("; ") || "no request got one",
      refused.length === 0 ? { why: "the limit was kept" } : `${refused.length} in this run`,
    );
  },
};

/** Whether a request counts, by what two lists around it show. */
async function counts(
  api: LiveApi,
  question: string,
  request: string,
  report: Parameters<Group["ask"]>[1],
  send: () => Promise<Answer>,
): Promise<void> {
  // Otherwise older requests leave the window in between.
  await api.sleep(WINDOW_MS);
  const before = await api.send("list");
  const answer = await send();
  const after = await api.send("list");
  const used = remainingIn(before) - remainingIn(after);
  report.add(
    question,
    `list, ${request}, list`,
    `${answer.text}; remaining ${header(before, REMAINING) ?? "not shown"}, then ${header(after, REMAINING) ?? "not shown"}`,
    !isSuccess(answer)
      ? { why: "the request failed" }
      : used === 1
        ? "no"
        : used === 2
          ? "yes"
          : { why: "the headers do not show it, or something else uses the account" },
  );
}

function remainingIn(answer: Answer): number {
  return Number(header(answer, REMAINING) ?? Number.NaN);
}
