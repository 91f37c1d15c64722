import { isoOf, rotationAt, type Rotation, type Schedule } from "../../../provider/lifecycle/rotation";

interface Slot {
  key: number;
  trigger: number;
}

/** The step at which an `up` was told to fail. */
class StepFailure extends Error {}

/**
 * A stack with one rotating key and its account, in the order of the real engine: the record first, then the
 * slots (the published key's is kept or made; the other's is replaced by creating first, or by deleting first), then the outputs are published, then
 * what is replaced or declared no more is removed. After every step it looks at what must always hold.
 */
export class RotatingStack {
  readonly keys = new Set<number>();
  published: number | undefined;
  made = 0;
  mostKeys = 0;
  readonly faults: string[] = [];
  #slots: { [letter: string]: Slot | undefined } = {};
  #pendingDeletes: number[] = [];
  #rotation: Rotation | undefined;

  constructor(private readonly schedule: Omit<Schedule, "nowMs">) {}

  /** @returns whether it succeeded; with `failsAt` it stops before that mutating step, counted from 0. */
  up(nowMs: number, failsAt = Infinity): boolean {
    let step = 0;
    const mutate = (change: () => void) => {
      if (step++ === failsAt) throw new StepFailure();
      change();
      this.#look();
    };
    try {
      this.#run(nowMs, mutate);
      return true;
    } catch (error) {
      if (error instanceof StepFailure) return false;
      throw error;
    }
  }

  #run(nowMs: number, mutate: (change: () => void) => void): void {
    const rotation = rotationAt({ ...this.schedule, nowMs }, this.#rotation);
    this.#rotation = rotation;
    const { generation, rotatedAt, previousValidUntil } = rotation;

    const hasPrevious = previousValidUntil !== undefined;
    const previous = letterOf(generation - 1);
    if (hasPrevious && this.#slots[previous] === undefined) mutate(() => this.#make(previous, -1));
    const isCertain = hasPrevious && this.#slots[previous]?.trigger === generation - 1;
    this.#bring(letterOf(generation), generation, isCertain && rotatedAt === isoOf(nowMs), mutate);

    this.published = this.#slots[letterOf(generation)]?.key;
    this.#look();

    for (const key of this.#pendingDeletes) mutate(() => this.keys.delete(key));
    this.#pendingDeletes = [];
    const kept = new Set([letterOf(generation), ...(hasPrevious ? [previous] : [])]);
    for (const [letter, slot] of Object.entries(this.#slots)) {
      if (slot === undefined || kept.has(letter)) continue;
      mutate(() => {
        this.keys.delete(slot.key);
        this.#slots[letter] = undefined;
      });
    }
  }

  #bring(letter: string, trigger: number, deleteFirst: boolean, mutate: (change: () => void) => void): void {
    const old = this.#slots[letter];
    if (old?.trigger === trigger) return;
    if (old !== undefined && deleteFirst) {
      mutate(() => {
        this.keys.delete(old.key);
        this.#slots[letter] = undefined;
      });
    }
    mutate(() => {
      if (old !== undefined && !deleteFirst) this.#pendingDeletes.push(old.key);
      this.#make(letter, trigger);
    });
  }

  #make(letter: string, trigger: number): void {
    this.#slots[letter] = { key: this.made, trigger };
    this.keys.add(this.made++);
  }

  #look(): void {
    this.mostKeys = Math.max(this.mostKeys, this.keys.size);
    if (this.published !== undefined && !this.keys.has(this.published)) {
      this.faults.push(`the published key ${this.published} is not on the account`);
    }
  }
}

function letterOf(generation: number): string {
  return generation % 2 === 0 ? "a" : "b";
}
