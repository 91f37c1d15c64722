import { performance } from "node:perf_hooks";
import type { Outcome } from "./run";

/** Counts the steps, requests and findings of a search. */
export class Figures {
  readonly #startedMs = performance.now();
  readonly #byRule = new Map<string, number>();
  #runs = 0;
  #steps = 0;
  #requests = 0;
  findings = 0;

  countStep(): void {
    this.#steps += 1;
  }

  count({ requests, findings }: Outcome): void {
    this.#runs += 1;
    this.#requests += requests;
    this.findings += findings.length;
    for (const { rule } of findings) this.#byRule.set(rule, (this.#byRule.get(rule) ?? 0) + 1);
  }

  print(): void {
    const seconds = Math.round((performance.now() - this.#startedMs) / 1_000);
    console.log(
      `\n${this.#runs} runs, ${this.#steps} steps, ${this.#requests} requests, ${seconds} s, ${this.findings} findings`,
    );
    for (const [rule, count] of this.#byRule) console.log(`  ${rule}: ${count}`);
  }
}
