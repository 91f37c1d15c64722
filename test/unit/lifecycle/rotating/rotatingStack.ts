import {
  assumedBefore,
  hasOverlap,
  NOTHING_PUBLISHED,
  type Publication,
  isoOf,
} from "../../../../provider/lifecycle/rotating/publication";
import { check, type Declared } from "../../../../provider/lifecycle/rotating/record";
import { rotatesAt, type Rotation, type Schedule } from "../../../../provider/lifecycle/rotating/rotation";

type Record = Parameters<typeof check>[0];

/** The step at which an `up` fails. */
class StepFailure extends Error {}

/**
 * A stack with one rotating key and its account, in the order of the component and the real engine: the plan, the record
 * that is read, the published key, the record that is written, the key before, then the outputs; what is declared no more
 * is removed last, in a run without a failure. After every step it looks at what must always hold.
 */
export class RotatingStack {
  /** The keys of the account, by number. */
  readonly keys = new Map<number, string>();
  /** The outputs of the last run that came so far. */
  published: string | undefined;
  rotatesAt = "";
  made = 0;
  mostKeys = 0;
  readonly faults: string[] = [];
  #records = new Map<string, Record>();
  #isTarget: (resource: string) => boolean = () => true;
  /** Until when each key that was superseded in an output has to stay. */
  #promised = new Map<string, number>();

  constructor(private readonly schedule: Omit<Schedule, "nowMs">) {}

  /**
   * @param failsAt stops before that step, counted from 0.
   * @param isTarget which records and keys, such as `plan`, `odd` and `key 1`, a targeted run includes.
   * @returns whether it succeeded.
   */
  up(nowMs: number, failsAt = Infinity, isTarget: (resource: string) => boolean = () => true): boolean {
    this.#isTarget = isTarget;
    let step = 0;
    const next = () => {
      if (step++ === failsAt) throw new StepFailure();
    };
    try {
      this.#run({ ...this.schedule, nowMs }, next);
      return true;
    } catch (error) {
      if (error instanceof StepFailure) return false;
      throw error;
    }
  }

  /** `up --replace` or `state delete` of a record: its check gets nothing of what was. */
  lose(record: "plan" | "even" | "odd"): void {
    this.#records.delete(record);
  }

  /** A key is gone from the account and, after a refresh, from the state. */
  removeOutside(): void {
    for (const [number, key] of this.keys) if (key === this.published) this.keys.delete(number);
    this.published = undefined;
  }

  #run(schedule: Schedule, next: () => void): void {
    const { nowMs, overlapMs } = schedule;
    const time = { nowMs, overlapMs };
    const register = (name: string, declared: Declared): Record => {
      next();
      const stored = this.#records.get(name) ?? {};
      if (!this.#isTarget(name)) return stored;
      const { inputs } = check(stored, declared);
      this.#records.set(name, inputs);
      return inputs;
    };
    const rotation = register("plan", { schedule }) as Rotation;
    const nameOf = (generation: number) => (generation % 2 === 0 ? "even" : "odd");
    const publicationOf = (generation: number, declared: Declared): Publication => ({
      ...NOTHING_PUBLISHED,
      ...register(nameOf(generation), declared),
    });

    const atLeast = assumedBefore(rotation.generation);
    const other = publicationOf(rotation.generation + 1, { time, atLeast });
    const isHeld = hasOverlap(other);
    const number = isHeld ? other.number : Math.max(rotation.generation, other.number + 1);
    const fingerprint = this.#declare(number, next);
    const written = publicationOf(
      rotation.generation,
      isHeld ? { time, atLeast: other } : { confirmation: { ...time, number, fingerprint, other } },
    );
    const published = written.order > other.order ? written : other;
    const { previousNumber, isOver, validUntil } = published;
    const current = this.#declare(published.number, next);
    const kept = previousNumber >= 0 && !isOver ? previousNumber : undefined;
    if (kept !== undefined) this.#declare(kept, next);
    this.rotatesAt = rotatesAt(schedule, rotation, isHeld, kept === undefined ? undefined : validUntil);
    this.#publish(current, nowMs + overlapMs);

    for (const [old, key] of this.keys) {
      const isDeclared = [number, published.number, kept].includes(old);
      if (!isDeclared && this.#isTarget(`key ${old}`)) this.#remove(old, key, nowMs, next);
    }
  }

  #declare(number: number, next: () => void): string | undefined {
    const known = this.keys.get(number);
    if (known !== undefined || !this.#isTarget(`key ${number}`)) return known;
    next();
    const key = `${number}#${this.made++}`;
    this.keys.set(number, key);
    this.mostKeys = Math.max(this.mostKeys, this.keys.size);
    return key;
  }

  #publish(key: string | undefined, validUntilMs: number): void {
    if (key === undefined) return;
    if (this.published !== undefined && this.published !== key)
      this.#promised.set(this.published, validUntilMs);
    this.published = key;
  }

  #remove(number: number, key: string, nowMs: number, next: () => void): void {
    next();
    this.keys.delete(number);
    if (key === this.published) this.faults.push(`the published key ${key} was removed`);
    const untilMs = this.#promised.get(key) ?? -Infinity;
    if (nowMs < untilMs) this.faults.push(`${key} was removed at ${isoOf(nowMs)}, before ${isoOf(untilMs)}`);
  }
}
