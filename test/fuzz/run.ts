import { seededRandom } from "../chaos/random";
import { Fixture } from "./fixture";
import { nextStep, type Situation, type StackSituation } from "./generate";
import { Memory } from "./memory";
import { ACCOUNTS, type Sequence, type StackName, type Step } from "./model";
import { excuseFor } from "./excuses";
import { judge, type Finding } from "./rules/index";
import { isLive, type Evidence } from "./rules/rule";
import { playStep, type Turn } from "./turn";

export interface Outcome {
  sequence: Sequence;
  findings: readonly Finding[];
  requests: number;
  /** The output of the step that broke a rule. */
  output: string;
}

export interface RunOptions {
  /** Whether to continue after a step that broke a rule. Default: false. */
  goOn?: boolean;
  /** Which successful `up`s are followed by a preview. Default: all. */
  previews?: "all" | "last";
  onTurn?(turn: Turn, findings: readonly Finding[], run: Run): void;
}

/** Plays steps, and checks every rule after each of them. */
export class Run {
  readonly memory = new Memory();
  readonly excuses = new Map<StackName, string | undefined>();
  readonly findings: Finding[] = [];
  readonly steps: Step[] = [];
  requests = 0;
  output = "";

  private constructor(readonly fixture: Fixture) {}

  static async open(seed: number): Promise<Run> {
    return new Run(await Fixture.open(seed));
  }

  /** @param isPreviewed whether a preview follows an `up` that succeeds. */
  async play(step: Step, isPreviewed: boolean): Promise<{ turn: Turn; findings: readonly Finding[] }> {
    this.steps.push(step);
    return this.#play(step, this.steps.length, isPreviewed);
  }

  async #play(step: Step, number: number, isPreviewed: boolean) {
    const turn = await playStep(step, number, this.fixture);
    this.memory.begin(turn);
    const evidence = this.#evidence(turn);
    const findings = judge(evidence);
    for (const action of turn.actions)
      this.excuses.set(action.stack, action.ok ? undefined : excuseFor(action, evidence));
    this.memory.end(turn);
    this.requests += turn.journal.length;
    if (isPreviewed && findings.length === 0) findings.push(...(await this.#preview(turn)));
    if (findings.length > 0) this.output = turn.actions.map(({ output }) => output).join("\n");
    this.findings.push(...findings);
    return { turn, findings };
  }

  #evidence(turn: Turn): Evidence {
    const { labels, programs } = this.fixture;
    const labelOf = (fingerprint: string): string | undefined =>
      labels.of((turn.after.keys.get(fingerprint) ?? turn.before.keys.get(fingerprint))?.key);
    return {
      ...turn,
      memory: this.memory,
      programs,
      labelOf,
      nameOf: (fingerprint) => labelOf(fingerprint) ?? fingerprint,
    };
  }

  /** Checks that a preview after a complete, successful `up` shows no change and sends no request. */
  async #preview({ actions, number }: Turn): Promise<Finding[]> {
    const found = (text: string): Finding[] => [{ rule: "previewShowsNoChange", step: number, text }];
    const findings: Finding[] = [];
    for (const { stack, step, ok } of actions) {
      if (step.kind !== "up" || !ok || step.target !== undefined) continue;
      this.fixture.simulator.clearJournal();
      const { exitCode, output } = await this.fixture.run(
        ["preview", "--diff", "--expect-no-changes"],
        stack,
        step.program,
      );
      if (exitCode !== 0) findings.push(...found(`${stack}: ${output.slice(0, 2_000)}`));
      const requests = this.fixture.simulator.requests();
      if (requests.length > 0) findings.push(...found(`${stack}: it sent ${requests.join(", ")}`));
    }
    return findings;
  }

  /** Destroys every stack, and searches all files and output for secrets. */
  async end(): Promise<void> {
    const { project, simulator, openStacks } = this.fixture;
    for (const account of ACCOUNTS) {
      for (const { key, lastUsedUnixS } of simulator.account(account).keys())
        if (lastUsedUnixS !== null)
          simulator.account(account).updateKey(key, { lastUsedUnixS: lastUsedUnixS - 86_400 });
    }
    for (const stack of openStacks) {
      const own = this.fixture.look().resources.filter((resource) => resource.stack === stack);
      if (own.some(({ isProtected }) => isProtected))
        await project.pulumi(["state", "unprotect", "--all", "--yes", "--stack", stack]);
      const { turn } = await this.#play({ kind: "destroy", stack }, 0, false);
      const left = turn.after.resources
        .filter((resource) => resource.stack === stack)
        .map(({ name }) => name);
      const [action] = turn.actions;
      if (action?.ok !== true || left.length > 0) {
        const text = `${stack}: left ${left.join(", ") || "nothing"}\n${action?.output.slice(-2_000)}`;
        this.findings.push({ rule: "destroyLeavesNothing", step: 0, text });
      }
    }
    this.findings.push(...(await this.#leaks()));
  }

  async #leaks(): Promise<Finding[]> {
    const { project, simulator, labels } = this.fixture;
    const secrets = [
      ...labels.secrets.map((key) => key.slice("ek-proxy-".length)),
      ...ACCOUNTS.map((name) => simulator.account(name).apiKey.slice("ek-".length)),
    ];
    const places = [{ path: "the output", text: project.transcript }, ...(await project.allFilesText())];
    return places
      .filter(({ text }) => secrets.some((secret) => text.includes(secret)))
      .map(({ path }) => ({ rule: "secretsStaySecret", step: 0, text: `${path} contains a secret` }));
  }

  situation(): Situation {
    const snapshot = this.fixture.look();
    const { labels, programs } = this.fixture;
    const labelled = [...snapshot.keys.values()].flatMap((key) => {
      const label = labels.of(key.key);
      return label === undefined ? [] : [{ ...key, label }];
    });
    const strangers = labelled.filter(
      ({ fingerprint }) => !snapshot.resources.some((resource) => resource.fingerprint === fingerprint),
    );
    const adopted = new Set([...programs.values()].flatMap(({ keys }) => keys.map(({ adopt }) => adopt)));
    const of = (stack: StackName): StackSituation => {
      const own = snapshot.resources.filter((resource) => resource.stack === stack && isLive(resource));
      return {
        program: programs.get(stack) ?? { keys: [] },
        lastGood: this.memory.lastGood.get(stack),
        hasFailed: this.memory.failed.has(stack),
        excuse: this.excuses.get(stack),
        resources: own.map(({ name }) => name),
        held: own.flatMap(({ name, fingerprint }) =>
          labelled
            .filter((key) => key.fingerprint === fingerprint)
            .map(({ label, account }) => ({ label, account, resource: name })),
        ),
        strangers: strangers.filter(({ label }) => !adopted.has(label)),
      };
    };
    return { stacks: { a: of("a"), b: of("b") } };
  }

  async close(): Promise<void> {
    await this.fixture.close();
  }
}

/** Plays a stored sequence, and destroys the stacks at its end. */
export async function playSequence(sequence: Sequence, options: RunOptions = {}): Promise<Outcome> {
  const { steps } = sequence;
  return playFrom(
    sequence.seed ?? 0,
    options,
    sequence.about,
    (_, at) => steps[at],
    (at) => (options.previews === "last" ? at === steps.length - 1 : true),
  );
}

/** Plays the steps of a seed. Each depends on the results of the earlier ones. */
export async function playSeed(seed: number, length: number, options: RunOptions = {}): Promise<Outcome> {
  const random = seededRandom(seed);
  let names = 0;
  const newName = (): string => `k${names++}`;
  return playFrom(
    seed,
    options,
    undefined,
    (run, at) => (at < length ? nextStep(random, run.situation(), newName) : undefined),
    (at) => options.previews !== "last" || at % 2 === 0,
  );
}

async function playFrom(
  seed: number,
  { goOn = false, onTurn }: RunOptions,
  about: string | undefined,
  stepAt: (run: Run, at: number) => Step | undefined,
  isPreviewed: (at: number) => boolean,
): Promise<Outcome> {
  const run = await Run.open(seed);
  try {
    const isOver = (): boolean => !goOn && run.findings.length > 0;
    for (let at = 0; !isOver(); at++) {
      const step = stepAt(run, at);
      if (step === undefined) break;
      const { turn, findings } = await run.play(step, isPreviewed(at));
      onTurn?.(turn, findings, run);
    }
    if (!isOver()) await run.end();
  } finally {
    await run.close();
  }
  const sequence = { ...(about === undefined ? {} : { about }), seed, steps: run.steps };
  return { sequence, findings: run.findings, requests: run.requests, output: run.output };
}
