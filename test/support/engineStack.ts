import { performance } from "node:perf_hooks";

import type * as auto from "@pulumi/pulumi/automation";

export type StackConfig = Readonly<Record<string, { value: string; secret?: boolean }>>;

/** The result of one operation of the engine. */
export interface EngineResult {
  stdout: string;
  stderr: string;
  /** Both streams in order of arrival, as a user sees them. */
  output: string;
  /** The stack's outputs after an `up`, secrets in clear. */
  outputs: auto.OutputMap;
  events: auto.EngineEvent[];
  /** The number of resources by operation, including the stack itself: `{ create: 2, same: 1 }`. */
  changes: Record<string, number>;
  durationMs: number;
}

export type EngineOperation = "up" | "preview" | "refresh";

/** An operation failed. Has the output until then, for assertions. */
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
    printed: Omit<EngineResult, "outputs" | "durationMs">,
    cause: unknown,
  ) {
    // A failure before the engine printed anything (a thrown program, a CLI that does not start) is only in the cause.
    super(`pulumi ${operation} of ${stackName} failed:\n${printed.output || String(cause)}`, {
      cause,
    });
    this.operation = operation;
    this.stdout = printed.stdout;
    this.stderr = printed.stderr;
    this.output = printed.output || String(cause);
    this.events = printed.events;
    this.changes = printed.changes;
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
  /** The Automation API's object, for functions that this wrapper lacks. */
  readonly automation: auto.Stack;
  up(options?: Omit<auto.UpOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  preview(options?: Omit<auto.PreviewOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  refresh(options?: Omit<auto.RefreshOptions, "onOutput" | "onError" | "onEvent">): Promise<EngineResult>;
  /** Adds to, or overwrites in, the stack's configuration. */
  setConfig(config: StackConfig): Promise<void>;
  /** Replaces the program that later operations run. */
  setProgram(program: auto.PulumiFn): void;
}

export interface WrapOptions {
  /** All output also goes here. */
  record: (text: string) => void;
  /** The stack's outputs, if they are known without a command of the CLI. */
  storedOutputs: () => Promise<auto.OutputMap | undefined>;
}

/** Wraps a stack. */
export function wrapStack(stack: auto.Stack, { record, storedOutputs }: WrapOptions): EngineStack {
  const watched = withoutNeedlessCommands(stack, storedOutputs);
  const { program } = stack.workspace;
  if (program !== undefined) stack.workspace.program = watched(program);
  const run = async (
    operation: EngineOperation,
    start: (listeners: Listeners) => Promise<auto.UpResult | auto.RefreshResult | auto.PreviewResult>,
  ): Promise<EngineResult> => {
    const startedAtMs = performance.now();
    const printed = { stdout: "", stderr: "", output: "", events: [] as auto.EngineEvent[] };
    const hear = (stream: "stdout" | "stderr") => (text: string) => {
      printed[stream] += text;
      printed.output += text;
      record(text);
    };
    try {
      const result = await start({
        onOutput: hear("stdout"),
        onError: hear("stderr"),
        onEvent: (event) => printed.events.push(event),
      });
      return {
        ...printed,
        outputs: "outputs" in result ? result.outputs : {},
        changes: changesOf(printed.events),
        durationMs: performance.now() - startedAtMs,
      };
    } catch (cause) {
      throw new EngineFailure(
        operation,
        stack.name,
        { ...printed, changes: changesOf(printed.events) },
        cause,
      );
    }
  };

  return {
    name: stack.name,
    automation: stack,
    up: (options) => run("up", (listeners) => stack.up({ ...options, ...listeners })),
    preview: (options) => run("preview", (listeners) => stack.preview({ ...options, ...listeners })),
    refresh: (options) => run("refresh", (listeners) => stack.refresh({ ...options, ...listeners })),
    setConfig: (config) => stack.setAllConfig({ ...config }),
    setProgram: (program) => {
      stack.workspace.program = watched(program);
    },
  };
}

/**
 * Saves up to three commands of the CLI after each operation: nothing reads the stack's history here, and few programs have
 * outputs.
 *
 * @returns a function that notices whether a program has outputs.
 */
function withoutNeedlessCommands(
  stack: auto.Stack,
  storedOutputs: WrapOptions["storedOutputs"],
): (program: auto.PulumiFn) => auto.PulumiFn {
  let hasOutputs = false;
  const outputs = stack.outputs.bind(stack);
  stack.info = () => Promise.resolve(undefined);
  stack.outputs = async () => (hasOutputs ? ((await storedOutputs()) ?? outputs()) : {});
  return (program) => async () => {
    hasOutputs = false;
    const declared = await program();
    hasOutputs = declared !== undefined;
    return declared;
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
