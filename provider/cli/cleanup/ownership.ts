import { cacheFolder } from "../../config";
import { keysInTheMaking } from "../../lifecycle/creations/journalReader";
import type { ListedKey } from "../account/accounts";
import { keysInStates, type KeysInStates } from "../stack/keysInStates";
import { unknownTypesRefusal } from "../stack/unknownTypes";
import { Refusal, type Problem } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import { readJournal } from "../recovery/journal";
import type { CommandContext } from "../commandContext";

/** A removal reads the states again when they were read longer ago: what a stack takes over meanwhile would be removed. */
const FRESH_MS = 500;

/** The reason why a key must not be removed. */
export class Claim extends Refusal {
  /** A stack has the key; a run may be making it; or the account's list hides which key it is. */
  readonly kind: "owned" | "making" | "hidden";
  constructor(kind: Claim["kind"], problem: Problem) {
    super(problem);
    this.kind = kind;
  }
}

/** Finds which keys of an account the stacks of a backend have or are making. */
export class Ownership {
  readonly #project: PulumiProject;
  readonly #world: CommandContext;
  readonly #matches: ((stack: string) => boolean) | undefined;
  /** From all readings: a key that any reading shows in a stack is never removed by this command. */
  readonly #owners = new Map<string, string>();
  #latest: KeysInStates | undefined;
  /** Until when a process of this machine may be making the key. */
  #inTheMakingUntil: ReturnType<typeof keysInTheMaking> = () => undefined;

  /** @param matches selects the stacks to read, for commands that change nothing. Default: all. */
  constructor(project: PulumiProject, world: CommandContext, matches?: (stack: string) => boolean) {
    this.#project = project;
    this.#world = world;
    this.#matches = matches;
  }

  get stackCount(): number {
    return this.#latest?.stackCount ?? 0;
  }

  /** Reads the states. Call it after the account was listed. @throws as keysInStates does. */
  async read(): Promise<void> {
    const { clock, environment } = this.#world;
    const latest = await keysInStates(this.#project, this.#world, this.#matches);
    this.#inTheMakingUntil = readJournal(cacheFolder("creations", environment), (folder) =>
      keysInTheMaking(folder, clock.nowMs()),
    );
    for (const [fingerprint, stack] of latest.owners) this.#owners.set(fingerprint, stack);
    this.#latest = latest;
  }

  /** The stack that has the key in its state. */
  ownerOf({ fingerprint }: ListedKey): string | undefined {
    return fingerprint === undefined ? undefined : this.#owners.get(fingerprint);
  }

  /** Why the key must not be removed, according to the latest reading. */
  claimOn(key: ListedKey): Claim | undefined {
    const claim = this.#ownerClaim(key);
    if (claim !== undefined) return claim;
    const { fingerprint, wire } = key;
    const untilMs = this.#inTheMakingUntil({ name: wire.name, fingerprint });
    const isPending = [wire.name, fingerprint].some(
      (id) => id !== undefined && this.#latest?.inMaking.has(id),
    );
    if (!isPending && untilMs === undefined) return undefined;
    // The state may be about to have a key that only the journal shows.
    const until =
      isPending || untilMs === undefined
        ? ""
        : `. If the stack is gone, the key is an orphan from ${utcMinute(untilMs)} on`;
    return new Claim("making", {
      why: `A run is creating a key named ${JSON.stringify(wire.name)}, or was interrupted, so whether ${fingerprint} is that key is unknown.`,
      nextStep: `Wait for that run to end, or run \`recover\` on its stack, then run the command again${until}.`,
    });
  }

  /** Why the stacks may have keys that the latest reading does not show. Undefined: it shows all. */
  get incompleteness(): Refusal | undefined {
    return this.#latest && unknownTypesRefusal(this.#latest.unknownTypes);
  }

  /** Reads the states again unless they are fresh. @throws Claim; Refusal if a state may have keys that are not known. */
  async requireUnclaimed(key: ListedKey): Promise<void> {
    await this.#refresh();
    const claim = this.claimOn(key);
    const reason = claim ?? this.incompleteness;
    if (reason !== undefined) throw reason;
  }

  /** Like `requireUnclaimed`, for a key that certainly belongs to an interrupted creation: its name is not a claim. */
  async requireUnowned(key: ListedKey): Promise<void> {
    await this.#refresh();
    const claim = this.#ownerClaim(key);
    const reason = claim ?? this.incompleteness;
    if (reason !== undefined) throw reason;
  }

  async #refresh(): Promise<void> {
    const { clock, stop } = this.#world;
    const ageMs = clock.nowMs() - (this.#latest?.asOfMs ?? -Infinity);
    // Negative: the clock was set back, so the age is unknown.
    if (ageMs < 0 || ageMs > FRESH_MS) await this.read();
    stop.throwIfAborted();
  }

  #ownerClaim(key: ListedKey): Claim | undefined {
    if (key.fingerprint === undefined) return hiddenClaim(key);
    const owner = this.ownerOf(key);
    if (owner === undefined) return undefined;
    return new Claim("owned", {
      why: `Stack ${owner} has key ${JSON.stringify(key.wire.name)} (${key.fingerprint}) in its state.`,
      nextStep: "Change that stack's program to remove it, and run `pulumi up` there.",
    });
  }
}

export function hiddenClaim({ wire }: ListedKey): Claim {
  return new Claim("hidden", {
    why: `The account's list does not show the secret of key ${JSON.stringify(wire.name)}, so whether a stack has it is unknown.`,
    nextStep: "Leave the key alone unless you know which application uses it.",
  });
}

/** With the whole minutes rounded up. */
function utcMinute(ms: number): string {
  return `${new Date(Math.ceil(ms / 60_000) * 60_000).toISOString().slice(11, 16)} UTC`;
}
