import type { Program, StackName } from "./model";
import type { Turn } from "./turn";

/** A key that a rotation published. */
export interface Publication {
  fingerprint: string;
  /** The hour in which another key was published instead. */
  supersededAtH: number | undefined;
}

/** What the rules remember between steps. */
export class Memory {
  /** The last successful program of each stack. */
  readonly lastGood = new Map<StackName, Program>();
  /** Fingerprints of keys that were changed outside and not refreshed since. */
  readonly unseen = new Set<string>();
  /** Fingerprints of removed keys that a state still has, which a rule has accepted. */
  readonly gone = new Set<string>();
  /** The published keys of each stack's rotation, the latest last. */
  readonly publications = new Map<StackName, Publication[]>();
  /** Stacks whose last command failed. */
  readonly failed = new Set<StackName>();

  /** Call it before the rules judge the turn. */
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

  /** Call it after the rules have judged the turn. */
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
