import type { Program, StackName } from "./model";
import type { Turn } from "./turn";

/** A key that a rotation has published, and when, in its own hours. */
export interface Publication {
  fingerprint: string;
  /** When another one was published in its place. */
  supersededAtH: number | undefined;
}

/** What the search remembers from one step to the next. */
export class Memory {
  /** The program that each stack ran last with success. */
  readonly lastGood = new Map<StackName, Program>();
  /** Fingerprints of keys that were changed outside and that no refresh has seen since. */
  readonly unseen = new Set<string>();
  /** Fingerprints of keys that a resource in a state names although they are gone, which a rule has accepted. */
  readonly gone = new Set<string>();
  /** What each stack's rotation has published, the latest last. */
  readonly publications = new Map<StackName, Publication[]>();
  /** Stacks whose last command failed. */
  readonly failed = new Set<StackName>();

  /** To be called before the rules look at the turn. */
  begin({ actions, touched, before, after }: Turn): void {
    for (const fingerprint of touched) {
      if (before.keys.has(fingerprint)) this.unseen.add(fingerprint);
      if (!after.keys.has(fingerprint)) this.gone.add(fingerprint);
    }
    for (const { stack, step, ok } of actions) {
      const seesAll =
        step.kind === "refresh" || (step.kind === "up" && step.refresh && step.target === undefined);
      if (!ok || !seesAll) continue;
      for (const { stack: of, fingerprint } of after.resources)
        if (of === stack) this.unseen.delete(fingerprint);
    }
  }

  /** To be called after the rules have looked at the turn. */
  end({ actions, after }: Turn): void {
    for (const { stack, step, ok } of actions) {
      if (step.kind === "up" && ok && step.target === undefined) this.lastGood.set(stack, step.program);
      if (ok) this.failed.delete(stack);
      else this.failed.add(stack);
    }
    for (const { fingerprint } of after.resources)
      if (!after.keys.has(fingerprint)) this.gone.add(fingerprint);
  }
}
