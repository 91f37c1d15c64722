import { performance } from "node:perf_hooks";

import type * as auto from "@pulumi/pulumi/automation";

export type StackConfig = Readonly<Record<string, { value: string; secret?: boolean }>>;

/** What one operation of the engine did and said. */
export interface EngineResult {
  /** As the history has it; a preview has none. */
  summary: auto.UpdateSummary | undefined;
  stdout: string;
  stderr: string;
  /** Both streams in the order in which they arrived: what a person would have seen. */
  output: string;
  /** The stack's outputs, secrets in clear; a preview has none. */
  outputs: auto.OutputMap;
  events: auto.EngineEvent[];
  /** How many resources by operation, the stack itself included: `{ create: 2, same: 1 }`. */
  changes: Record<string, number>;
  durationMs: number;
}

export type EngineOperation = "up" | "preview" | "refresh";

/** An operation failed. Carries what was printed until then, for assertions on what a person reads. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
  readonly operation: EngineOperation;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
  readonly events: readonly auto.EngineEvent[];
  readonly changes: Readonly<Record<string, number>>;

  constructor(
    operation: EngineOperation,
    stackName: string,
    said: Omit<EngineResult, "summary" | "outputs" | "durationMs">,
    cause: unknown,
  ) {
    // A failure before the engine printed anything (a thrown program, a CLI that does not start) is only in the cause.
    super(`pulumi ${operation} of ${stackName} failed:\n${said.output || String(cause)}`, {
      cause,
    });
    this.operation = operation;
    this.stdout = said.stdout;
    this.stderr = said.stderr;
    this.output = said.output || String(cause);
    this.events = said.events;
    this.changes = said.changes;
  }
}

/** Expects an operation to fail, and returns its failure. */
export async function expectFailure(operation: Promise<EngineResult>): Promise<EngineFailure> {
  let result: EngineResult;
  try {
    result = await operation;
  } catch (error) {
    if (error instanceof EngineFailure) return error;
    throw error;
  }
  throw new Error(`Expected a failure, but the operation succeeded:\n${result.output}`);
}

/** A stack of an inline program, driven through the Automation API. Every operation throws `EngineFailure`. */
export interface EngineStack {
  readonly name: string;
  /** The Automation API's own object, for what this wrapper does not offer. */
  readonly automation: auto.Stack;
  up(options?: Omit<auto.UpOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  preview(options?: Omit<auto.PreviewOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  refresh(options?: Omit<auto.RefreshOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  /** Adds to, or overwrites in, the stack's configuration. */
  setConfig(config: StackConfig): Promise<void>;
  /** Replaces the program that later operations run. */
  setProgram(program: auto.PulumiFn): void;
}

/** Wraps a stack; everything printed also goes to `record`. */
export function wrapStack(stack: auto.Stack, record: (text: string) => void): EngineStack {
  const run = async (
    operation: EngineOperation,
    start: (listeners: Listeners) => Promise<auto.UpResult | auto.RefreshResult | auto.PreviewResult>,
  ): Promise<EngineResult> => {
    const startedAtMs = performance.now();
    const said = { stdout: "", stderr: "", output: "", events: [] as auto.EngineEvent[] };
    const hear = (stream: "stdout" | "stderr") => (text: string) => {
      said[stream] += text;
      said.output += text;
      record(text);
    };
    try {
      const result = await start({
        onOutput: hear("stdout"),
        onError: hear("stderr"),
        onEvent: (event) => said.events.push(event),
      });
      return {
        ...said,
        summary: "summary" in result ? result.summary : undefined,
        outputs: "outputs" in result ? result.outputs : {},
        changes: changesOf(said.events),
        durationMs: performance.now() - startedAtMs,
      };
    } catch (cause) {
      throw new EngineFailure(operation, stack.name, { ...said, changes: changesOf(said.events) }, cause);
    }
  };

  return {
    name: stack.name,
    automation: stack,
    up: (options) => run("up", (listeners) => stack.up({ ...options, ...listeners })),
    preview: (options) => run("preview", (listeners) => stack.preview({ ...options, ...listeners })),
    refresh: (options) =>
      run("refresh", async (listeners) => {
        const result = await stack.refresh({ ...options, ...listeners });
        return { ...result, outputs: await stack.outputs() };
      }),
    setConfig: (config) => stack.setAllConfig({ ...config }),
    setProgram: (program) => {
      stack.workspace.program = program;
    },
  };
}

interface Listeners {
  onOutput: (text: string) => void;
  onError: (text: string) => void;
  onEvent: (event: auto.EngineEvent) => void;
}

function changesOf(events: readonly auto.EngineEvent[]): Record<string, number> {
  const summary = events.findLast((event) => event.summaryEvent !== undefined)?.summaryEvent;
  return { ...summary?.resourceChanges };
}
