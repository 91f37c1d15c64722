import { creationsFolder } from "../../config";
import { keysInTheMaking } from "../../lifecycle/creations/journalReader";
import type { ListedKey } from "../account/accounts";
import { keysInStates, type KeysInStates } from "../stack/keysInStates";
import { Refusal, type Problem } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import { readJournal } from "../recovery/journal";
import type { CommandContext } from "../commandContext";

/** A removal reads the states again when they were read longer ago. */
const FRESH_MS = 2_000;

/** Why a key is not removed. */
export interface Claim extends Problem {
  /** A stack has it; a run may be making it; or the account's list hides which key it is. */
  kind: "owned" | "making" | "hidden";
}

/** Ends a removal before its request goes out. */
export class ClaimedError extends Refusal {
  readonly claim: Claim;
  constructor(claim: Claim) {
    super(claim);
    this.claim = claim;
  }
}

interface Reading {
  known: KeysInStates;
  /** Whether a process of this machine may be making the key. */
  isNoted: (key: ListedKey) => boolean;
}

/** Which keys of an account the stacks of a backend have, or are making. */
export class Ownership {
  readonly #project: PulumiProject;
  readonly #world: CommandContext;
  readonly #matches: ((stack: string) => boolean) | undefined;
  /** Of every reading: a key that any of them shows in a stack is not removed by this command. */
  readonly #owners = new Map<string, string>();
  #latest: Reading | undefined;

  /** @param matches which stacks are read: for looking only. Default: all. */
  constructor(project: PulumiProject, world: CommandContext, matches?: (stack: string) => boolean) {
    this.#project = project;
    this.#world = world;
    this.#matches = matches;
  }

  get stackCount(): number {
    return this.#latest?.known.stackCount ?? 0;
  }

  /** Reads the states. To be called after the account was listed. @throws as knownKeys does. */
  async read(): Promise<void> {
    const { clock, environment } = this.#world;
    const known = await keysInStates(this.#project, this.#world, this.#matches);
    const isInTheMaking = readJournal(creationsFolder(environment), (folder) =>
      keysInTheMaking(folder, clock.nowMs()),
    );
    const isNoted = ({ wire, fingerprint }: ListedKey) => isInTheMaking({ name: wire.name, fingerprint });
    for (const [fingerprint, stack] of known.owners()) this.#owners.set(fingerprint, stack);
    this.#latest = { known, isNoted };
  }

  /** The stack that has the key in its state. */
  ownerOf({ fingerprint }: ListedKey): string | undefined {
    return fingerprint === undefined ? undefined : this.#owners.get(fingerprint);
  }

  /** Why the key must not be removed, by what was read last. */
  claimOn(key: ListedKey): Claim | undefined {
    const claim = this.#ownerClaim(key);
    if (claim !== undefined) return claim;
    const { known, isNoted } = this.#latest ?? {};
    if (known?.names().has(key.wire.name) !== true && isNoted?.(key) !== true) return undefined;
    return {
      kind: "making",
      why: `A run is making a key named ${JSON.stringify(key.wire.name)}, or was interrupted, so whether ${key.fingerprint} is that key is unknown.`,
      nextStep: "Let that run end, or run `recover` on its stack, then run the command again.",
    };
  }

  /** Reads the states again unless that was a moment ago. @throws ClaimedError. */
  async requireUnclaimed(key: ListedKey): Promise<void> {
    await this.#refresh();
    refuse(this.claimOn(key));
  }

  /** The same for a key that is proven to be of an interrupted creation, so that its name claims nothing. @throws ClaimedError. */
  async requireUnowned(key: ListedKey): Promise<void> {
    await this.#refresh();
    refuse(this.#ownerClaim(key));
  }

  async #refresh(): Promise<void> {
    const { clock, stop } = this.#world;
    const agoMs = clock.nowMs() - (this.#latest?.known.asOfMs ?? -Infinity);
    // A clock that was set back says nothing of when that was.
    if (agoMs < 0 || agoMs > FRESH_MS) await this.read();
    stop.throwIfAborted();
  }

  #ownerClaim(key: ListedKey): Claim | undefined {
    const { wire, fingerprint } = key;
    const name = JSON.stringify(wire.name);
    if (fingerprint === undefined) {
      return {
        kind: "hidden",
        why: `The account's list does not show the secret of key ${name}, so whether a stack has it is unknown.`,
        nextStep: "Leave it alone unless you know by other means who uses it.",
      };
    }
    const owner = this.ownerOf(key);
    if (owner === undefined) return undefined;
    return {
      kind: "owned",
      why: `Stack ${owner} has key ${name} (${fingerprint}) in its state.`,
      nextStep: "Change that stack's program to remove it, and run `pulumi up` there.",
    };
  }
}

function refuse(claim: Claim | undefined): void {
  if (claim !== undefined) throw new ClaimedError(claim);
}
