import { array, assert, constant, integer, oneof, property, record, type Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import { Queue } from "../../../../provider/api/rateLimit/queue";

type Kind = "push" | "unshift" | "shift" | "extract";

interface Step {
  kind: Kind;
  count: number;
}

const step = (kind: Kind, max: number): Arbitrary<Step> =>
  record({ kind: constant(kind), count: integer({ min: 1, max }) });

/** The same as a queue, on a plain array. */
class Model {
  items: number[] = [];
  push = (item: number) => void this.items.push(item);
  unshift = (item: number) => void this.items.unshift(item);
  shift = () => this.items.shift();
  peek = () => this.items[0];
  extract = (matches: (item: number) => boolean) => {
    const extracted = this.items.filter(matches);
    this.items = this.items.filter((item) => !matches(item));
    return extracted;
  };
  get length() {
    return this.items.length;
  }
  [Symbol.iterator] = () => this.items[Symbol.iterator]();
}

/** Everything that can be seen of a queue while the steps happen to it. */
function observe(queue: Queue<number> | Model, steps: readonly Step[]): unknown[] {
  let next = 0;
  const act = ({ kind, count }: Step): unknown => {
    if (kind === "extract") return queue.extract((item) => item % count === 0);
    return Array.from({ length: count }, () => (kind === "shift" ? queue.shift() : queue[kind](next++)));
  };
  return steps.map((each) => ({
    result: act(each),
    length: queue.length,
    head: queue.peek(),
    all: [...queue],
  }));
}

describe("a queue", () => {
  it("does what an array does, whatever happens to it", () => {
    const anyStep = oneof(step("push", 900), step("unshift", 20), step("shift", 900), step("extract", 7));
    assert(
      property(array(anyStep, { maxLength: 40 }), (steps) => {
        expect(observe(new Queue(), steps)).toEqual(observe(new Model(), steps));
      }),
      { numRuns: 100 },
    );
  });

  it("gives nothing when it is empty, and stays usable", () => {
    const queue = new Queue<string>();
    expect([queue.peek(), queue.shift(), queue.length, [...queue]]).toEqual([undefined, undefined, 0, []]);
    queue.unshift("b");
    queue.unshift("a");
    queue.push("c");
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual(["a", "b", "c", undefined]);
    expect(queue.length).toBe(0);
  });

  it("keeps the order over thousands", () => {
    const queue = new Queue<number>();
    const taken: number[] = [];
    for (let at = 0; at < 5_000; at++) {
      queue.push(at);
      if (at % 3 > 0) taken.push(queue.shift() as number);
    }
    while (queue.length > 0) taken.push(queue.shift() as number);
    expect(taken).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
  });
});
