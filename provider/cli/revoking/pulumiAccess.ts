import { formatDuration } from "../../util/duration";
import type { CommandContext } from "../commandContext";
import { Refusal } from "../problems";
import type { PulumiProject } from "../pulumi/project";

/** A leaked key is disabled without the stack's settings if Pulumi does not show these within this time. */
export const SETTINGS_WAIT_MS = 10_000;
/** For each command of the CLI that reads the backend. */
export const BACKEND_WAIT_MS = 60_000;

/** Pulumi, or the backend behind it, hangs. */
export class UnansweredError extends Refusal {}

/** The project, which a revocation reads but does not depend on. Loaded when it is first needed. */
export class PulumiAccess {
  readonly #dir: string;
  readonly #world: Pick<CommandContext, "changes" | "clock">;
  #opened: Promise<PulumiProject> | undefined;
  #unanswered: UnansweredError | undefined;

  constructor(dir: string, world: Pick<CommandContext, "changes" | "clock">) {
    this.#dir = dir;
    this.#world = world;
  }

  /** @throws Refusal without a supported Pulumi CLI. */
  readonly open = (): Promise<PulumiProject> =>
    (this.#opened ??= import("../pulumi/project.js").then(({ PulumiProject }) =>
      PulumiProject.open(this.#dir, this.#world.changes),
    ));

  /**
   * @param atMostMs After a question without an answer, at most `SETTINGS_WAIT_MS`: Pulumi is slow, or hangs.
   * @throws UnansweredError if there is no answer within this time.
   */
  async answer<T>(ask: () => Promise<T>, atMostMs: number): Promise<T> {
    const limitMs = this.#unanswered === undefined ? atMostMs : Math.min(atMostMs, SETTINGS_WAIT_MS);
    const answered = new AbortController();
    const late = this.#world.clock.sleep(limitMs, answered.signal).then(() => {
      throw (this.#unanswered = new UnansweredError({
        why: `Pulumi has not answered within ${formatDuration(limitMs)}.`,
        nextStep: "Check the backend with `pulumi whoami -v` and `pulumi stack ls`.",
      }));
    });
    late.catch(() => {});
    return Promise.race([ask(), late]).finally(() => answered.abort());
  }

  /** Ends what does not answer, so that this process can end. */
  async close(): Promise<void> {
    if (this.#unanswered !== undefined) (await import("../pulumi/processGroup.js")).endUnanswered();
  }
}
