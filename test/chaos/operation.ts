import { descendantsOf, isAlive, type OwnedProcess } from "../support/processes";
import { until } from "../support/until";
import type { Fixture } from "./fixture";

/** The engine's command that the crash breaks. */
export interface Operation {
  /** Resolves when the command has ended, with any result. */
  readonly done: Promise<void>;
  readonly isDone: () => boolean;
  /** Its output so far. */
  output(): string;
  /** The process of the CLI. undefined: it ended before it was found. */
  cli(): Promise<OwnedProcess | undefined>;
}

/** The Automation API prepares a program before it starts the CLI. */
const FIND_LIMIT_MS = 60_000;

/** Starts the scenario's command: `up` through the Automation API, `destroy` literally. */
export async function startOperation(fixture: Fixture): Promise<Operation> {
  const { project, scenario, stackName } = fixture;
  const parallel = scenario.parallel;
  const start = project.transcript.length;
  const output = (): string => project.transcript.slice(start);
  if (scenario.verb === "destroy") {
    const args = ["destroy", "--yes", "--skip-preview", "--stack", stackName];
    const command = project.spawn([
      ...args,
      ...(parallel === undefined ? [] : ["--parallel", String(parallel)]),
    ]);
    return track(command.done, output, () => ofThisProcess(stackName));
  }
  const stack = await fixture.stack("breaking");
  const up = stack.up(parallel === undefined ? {} : { parallel });
  return track(up, output, () => ofThisProcess(stackName));
}

function track(
  running: Promise<unknown>,
  output: () => string,
  find: () => OwnedProcess | undefined,
): Operation {
  let isDone = false;
  const done = running.then(
    () => void (isDone = true),
    () => void (isDone = true),
  );
  const cli = async (): Promise<OwnedProcess | undefined> => {
    let found: OwnedProcess | undefined;
    await until(() => isDone || (found = find()) !== undefined, FIND_LIMIT_MS);
    return found;
  };
  return { done, isDone: () => isDone, output, cli };
}

function ofThisProcess(stackName: string): OwnedProcess | undefined {
  return descendantsOf(process.pid).find(
    (candidate) =>
      / (?:up|destroy) /.test(candidate.commandLine) &&
      candidate.commandLine.includes(` --stack ${stackName} `) &&
      isAlive(candidate),
  );
}

/** The dynamic-provider host: the shell that launches it, and its Node process. */
export function pluginsOf(cli: OwnedProcess): OwnedProcess[] {
  return descendantsOf(cli.pid).filter(({ commandLine }) =>
    /dynamic-provider|pulumi-resource-pulumi-nodejs/.test(commandLine),
  );
}
