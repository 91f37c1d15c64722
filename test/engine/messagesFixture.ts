import { expect } from "vitest";
import { diagnosticsOf } from "./fixture";

/** One message as a person finds it under a resource. */
export interface Message {
  resource: string;
  text: string;
}

/** The messages of our resources in what an operation printed, by resource. */
export function messagesIn(output: string): Message[] {
  const diagnostics = diagnosticsOf(output).replaceAll("\r", "");
  const blocks = diagnostics.split(/^ {2}(?=\S)/m).slice(1);
  return blocks
    .flatMap((block) => {
      const [head = "", ...lines] = block.split("\n");
      const resource = /^pulumi-nodejs:dynamic\/electronhub:ProxyKey \((.*)\):$/.exec(head)?.[1];
      // The rest of the output begins where no line is indented.
      const end = lines.findIndex((line) => /^\S/.test(line));
      const text = lines
        .slice(0, end === -1 ? undefined : end)
        .map((line) => line.replace(/^ {4}/, ""))
        .join("\n")
        .trim();
      return resource === undefined ? [] : [{ resource, text }];
    })
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
}

/** A sentence that says what to do. */
const NEXT_STEP =
  /\b(?:Check|Run|run|Use|use|Wait|Top up|Remove|Look|Compare|Restore|Resume|Correct|Make|Set|set|Move|Leave|Write|add|lower|raise|changing?|change|brings)\b.*[.)]$/;

/** What is wrong with a message that a person reads. */
export function flawsOf({ resource, text }: Message, fingerprint: string | undefined): string[] {
  const lines = text.split("\n");
  const flaws: string[] = [];
  const started = text.match(/(?:Cannot (?:create|update|remove|refresh) proxy key|Proxy key) "/g) ?? [];
  if (started.length !== 1) flaws.push(`stands ${started.length} times`);
  if (/^ +at /m.test(text)) flaws.push("has a stack");
  if (lines.some((line) => /^\s*:?\s*$/.test(line))) flaws.push("has an empty line or a stray colon");
  if (!NEXT_STEP.test(lines.at(-1) ?? "")) flaws.push("does not end with what to do");
  if (!text.includes(`"${resource}`)) flaws.push("does not name the key");
  if (fingerprint !== undefined && !text.includes(`(${fingerprint})`)) flaws.push("has no fingerprint");
  if (/defect of pulumi-electronhub|\[object |undefined|NaN/.test(text)) flaws.push("is a defect's");
  return flaws;
}

/** Compares the messages, with what changes from run to run replaced, to a committed file; and finds no flaw in any. */
export async function expectMessages(
  output: string,
  file: string,
  {
    resources,
    fingerprints,
    replace,
  }: {
    resources: readonly string[];
    fingerprints: Readonly<Record<string, string | undefined>>;
    replace: readonly [string, string][];
  },
): Promise<void> {
  const messages = messagesIn(output);
  expect(messages.map(({ resource }) => resource)).toEqual([...resources].toSorted());
  const flaws = messages.flatMap((message) =>
    flawsOf(message, fingerprints[message.resource]).map((flaw) => `${message.resource}: ${flaw}`),
  );
  const text = messages.map(({ resource, text: message }) => `== ${resource}\n${message}\n`).join("\n");
  await expect(steady(text, replace)).toMatchFileSnapshot(`messages/${file}`);
  expect(flaws).toEqual([]);
}

function steady(text: string, replace: readonly [string, string][]): string {
  let steady = text;
  for (const [volatile, word] of replace) steady = steady.replaceAll(volatile, word);
  const replaced = steady
    .replaceAll(/pk-[0-9a-f]{16}/g, "<fingerprint>")
    .replaceAll(/-[a-z2-7]{7}"/g, '-<generated>"')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/\d\d:\d\d:\d\d UTC/g, "<time> UTC")
    .replaceAll(/\b127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
    .replaceAll(/\b(?:\d+(?:\.\d+)? ?(?:ms|s|min|h) ?)+(?= ago| would exceed)/g, "<duration>")
    // Whether the tries or maxWait end first is a matter of chance.
    .replaceAll(/ Waiting another [^.]+ would exceed maxWait\.| Or raise electronhub:maxWait\./g, "")
    .replaceAll(/tried \d+ times/g, "tried <n> times")
    .replaceAll(/\d+(?= sent, )|(?<= sent, )\d+(?= left)/g, "<n>");
  // Chance decides how many tries fit into a short wait.
  return replaced
    .split("\n")
    .filter((line, index, all) => !/^ {2}/.test(line) || line !== all[index - 1])
    .join("\n");
}
