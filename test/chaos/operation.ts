import { descendantsOf, isAlive, type OwnedProcess } from "../support/processes";
import { until } from "../support/until";
import type { World } from "./world";

/** The command of the engine that things break under. */
export interface Operation {
  /** Settles when it has ended, however. */
  readonly done: Promise<void>;
  readonly isDone: () => boolean;
  /** What it printed so far. */
  output(): string;
  /** The CLI's own process; undefined when it has ended before it was found. */
  cli(): Promise<OwnedProcess | undefined>;
}

/** Milliseconds: the CLI of a program that runs in this process is started after some preparation. */
const FIND_LIMIT_MS = 60_000;

/** Starts the scenario's command: `up` by the Automation API, `destroy` literally. */
export async function startOperation(world: World): Promise<Operation> {
  const { project, scenario, stackName } = world;
  const parallel = scenario.parallel;
  const said = project.transcript.length;
  const output = (): string => project.transcript.slice(said);
  if (scenario.verb === "destroy") {
    const args = ["destroy", "--yes", "--skip-preview", "--stack", stackName];
    const command = project.spawn([
      ...args,
      ...(parallel === undefined ? [] : ["--parallel", String(parallel)]),
    ]);
    return track(command.done, output, () => ofThisProcess(stackName));
  }
  const stack = await world.stack("breaking");
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

/** The host of the dynamic provider: the shell that launches it, and Node. */
export function pluginsOf(cli: OwnedProcess): OwnedProcess[] {
  return descendantsOf(cli.pid).filter(({ commandLine }) =>
    /dynamic-provider|pulumi-resource-pulumi-nodejs/.test(commandLine),
  );
}
