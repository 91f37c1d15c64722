import type { Labels } from "../../lifecycle/labels";
import type { CommandContext } from "../commandContext";
import { problemOf, Refusal } from "../problems";
import type { Declaration } from "../pulumi/declarations";
import { listStacks } from "../stack/listStacks";
import { stackMatcher } from "../terminal/stackPattern";
import { counted } from "../terminal/table";
import { BACKEND_WAIT_MS, UnansweredError, type PulumiAccess } from "./pulumiAccess";
import type { Filter } from "./selection";

/** A resource that has a key, and its stack. */
export interface DeclaredKey extends Declaration {
  stack: string;
}

/** What the states of the backend say. */
export interface DeclaredKeys {
  /** By the key's fingerprint. */
  byFingerprint: ReadonlyMap<string, readonly DeclaredKey[]>;
  stackCount: number;
  /** Why keys may be declared in more places, a sentence for each reason. */
  gaps: readonly string[];
  /** The project's folder. Undefined: the backend was not read. */
  folder: string | undefined;
}

/** The labels of a key that these resources have. */
export function labelsOf(places: readonly DeclaredKey[]): Labels | undefined {
  return places.find(({ labels }) => labels !== undefined)?.labels;
}

type ReadingContext = Pick<CommandContext, "stop" | "terminal">;

/** Each read runs a process of the CLI. */
const PARALLEL_READS = 4;

/** Reads which resources have which keys, in all stacks of the backend. Reads each state once, and takes no lock. */
export async function declaredKeys(
  pulumi: PulumiAccess,
  { stop, terminal }: ReadingContext,
  matches: (stack: string) => boolean = () => true,
): Promise<DeclaredKeys> {
  const project = await pulumi.open();
  const listed = await pulumi.answer(() => listStacks(project, { all: true }), BACKEND_WAIT_MS);
  const stacks = listed.map(({ name }) => name).filter(matches);
  terminal.progress(`Reading the states of ${counted(stacks.length, "stack")} of the backend`);
  const found: DeclaredKey[] = [];
  const gaps: string[] = [];
  const waiting = [...stacks];
  const readNext = async () => {
    for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
      stop.throwIfAborted();
      try {
        const state = await pulumi.answer(() => project.declarationsIn(stack), BACKEND_WAIT_MS);
        for (const declaration of state?.declarations ?? []) found.push({ stack, ...declaration });
        const { unknownTypes = [] } = state ?? {};
        if (unknownTypes.length > 0)
          gaps.push(
            `Stack ${stack} has resource types that this version does not know: ${unknownTypes.join(", ")}.`,
          );
      } catch (error) {
        // The other states are behind the same backend.
        if (error instanceof UnansweredError) throw error;
        gaps.push(`The state of stack ${stack} cannot be read: ${problemOf(error).why}`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
  const byFingerprint = new Map<string, DeclaredKey[]>();
  for (const key of found)
    byFingerprint.set(key.fingerprint, [...(byFingerprint.get(key.fingerprint) ?? []), key]);
  return {
    byFingerprint,
    stackCount: stacks.length,
    gaps,
    folder: project.folder,
  };
}

/** The states that a filter needs. @throws Refusal unless all of these can be read. */
export async function requiredDeclaredKeys(
  { stacks }: Filter,
  pulumi: PulumiAccess,
  world: ReadingContext,
): Promise<DeclaredKeys> {
  const project = await pulumi.open();
  const matches = stacks && selectedBy(stacks, await project.name().catch(() => undefined));
  const declared = await declaredKeys(pulumi, world, matches);
  if (stacks !== undefined && declared.stackCount === 0) {
    throw new Refusal({
      why: "No stack of the backend matches --stack. Nothing was changed.",
      nextStep: "See `pulumi stack ls --all`, and check PULUMI_BACKEND_URL and `pulumi whoami -v`.",
    });
  }
  if (declared.gaps.length === 0) return declared;
  throw new Refusal({
    why: `Which keys are selected is unknown. ${declared.gaps.join(" ")} Nothing was changed.`,
    nextStep: "Fix this, or select the keys by --fingerprint, --name-prefix or on stdin.",
  });
}

/** A pattern without a project is about this one, if the folder has one: the same name in others is another stack. */
function selectedBy(patterns: readonly string[], project: string | undefined): (stack: string) => boolean {
  const matches = stackMatcher(patterns, project);
  if (project === undefined) return matches;
  const matchesInOthers = stackMatcher(patterns.filter((pattern) => projectIn(pattern) !== undefined));
  return (stack) => ((projectIn(stack) ?? project) === project ? matches(stack) : matchesInOthers(stack));
}

/** The project in `organization/project/stack`. */
function projectIn(stack: string): string | undefined {
  const parts = stack.split("/");
  return parts.length === 3 ? parts[1] : undefined;
}

/** The states, as far as they can be read. Never throws. */
export async function readableDeclaredKeys(
  pulumi: PulumiAccess,
  world: ReadingContext,
): Promise<DeclaredKeys> {
  try {
    return await declaredKeys(pulumi, world);
  } catch (error) {
    const gaps = [`The stacks could not be looked up: ${problemOf(error).why}`];
    return { byFingerprint: new Map(), stackCount: 0, gaps, folder: undefined };
  }
}
