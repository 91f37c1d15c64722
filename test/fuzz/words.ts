import type { Finding } from "./rules/index";
import type { Run } from "./run";
import type { Turn } from "./turn";

/** Prints a step, its requests, and the state and account after it. No secrets. */
export function printTurn(turn: Turn, findings: readonly Finding[], { fixture }: Run): void {
  const { step, number, actions, journal, faults, after } = turn;
  const nameOf = (fingerprint: string): string =>
    fixture.labels.of(after.keys.get(fingerprint)?.key) ?? `${fingerprint} (gone)`;
  const requests = journal.map(({ path, fault, status }) => {
    return `${path.split("/").at(-1)}:${fault ?? status ?? "-"}`;
  });
  const resources = after.resources.map(
    ({ stack, name, fingerprint, isReplaced, hasFailed }) =>
      `${stack}/${name}${isReplaced ? " (replaced)" : ""}${hasFailed ? " (failed)" : ""} = ${nameOf(fingerprint)}`,
  );
  console.log(`${number}. ${JSON.stringify(step)}`);
  for (const { stack, ok, output } of actions)
    console.log(`   ${stack}: ${ok ? "ok" : `failed: ${firstError(output)}`}`);
  if (faults.length > 0) console.log(`   faults hit: ${faults.map(({ hits }) => hits).join(", ")}`);
  console.log(`   requests: ${requests.join(" ")}`);
  console.log(`   state:    ${resources.join(", ")}`);
  console.log(
    `   account:  ${[...after.keys.values()].map(({ fingerprint, name }) => `${nameOf(fingerprint)} "${name}"`).join(", ")}`,
  );
  for (const { rule, text } of findings) console.log(`   !! ${rule}: ${text}`);
}

/** Returns the first error of an output. */
function firstError(output: string): string {
  const error = output.split("\n").find((line) => /error:|refused|cannot|failed/i.test(line));
  return (error ?? "").trim().slice(0, 300);
}
