import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomScripts, type Script, type Subject } from "./responses";
import { evidenceOfAbsence, evidenceOfRemoval } from "./evidence";
import { CREDENTIALS } from "./secrets";
import {
  lifecycleOn,
  MAX_REQUESTS,
  requireSoundMessage,
  ScriptedTransport,
  stateFor,
  type Exchange,
} from "./fixture";

const DELETES = 8_500;
const READS = 9_500;

interface Case {
  readonly subject: Subject;
  readonly script: Script;
}

const cases: fc.Arbitrary<Case> = fc.oneof(
  ...CREDENTIALS.map((subject) => randomScripts(subject).map((script): Case => ({ subject, script }))),
);

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", onRejection));
afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", onRejection);
  if (rejections.length > 0) throw new Error("A rejection was left unhandled.", { cause: rejections[0] });
});

/** Runs a verb on random responses and checks its invariants. */
async function settle(
  { subject, script }: Case,
  verb: (process: ReturnType<typeof lifecycleOn>) => Promise<boolean>,
): Promise<{ isGone: boolean; exchanges: readonly Exchange[] }> {
  const transport = new ScriptedTransport(script);
  let isGone = false;
  try {
    isGone = await verb(lifecycleOn(transport, subject));
  } catch (error) {
    requireSoundMessage(error, subject);
  }
  if (transport.exchanges.length > MAX_REQUESTS) throw new Error("Requests without end.");
  return { isGone, exchanges: transport.exchanges };
}

const deleted = ({ subject: { key } }: Case) => {
  const { id, properties } = stateFor(key);
  return async (process: ReturnType<typeof lifecycleOn>) => {
    await process.delete(id, properties);
    return true;
  };
};

const readGone = ({ subject: { key } }: Case) => {
  const { id, properties } = stateFor(key);
  return async (process: ReturnType<typeof lifecycleOn>) => (await process.read(id, properties)).id === "";
};

function counter() {
  const counts = new Map<string, number>();
  return {
    add: (exchanges: readonly Exchange[], outcome: string) => {
      for (const { call } of exchanges) counts.set(call, (counts.get(call) ?? 0) + 1);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    },
    of: (name: string) => counts.get(name) ?? 0,
    tell: (what: string) =>
      console.info(`${what}: ${[...counts].map(([name, n]) => `${n} ${name}`).join(", ")}`),
  };
}

describe(`a key is gone only with proof, in ${DELETES + READS} sequences of 20,000 random responses`, () => {
  it("delete", async () => {
    const counted = counter();
    await fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const { isGone, exchanges } = await settle(drawn, deleted(drawn));
        const evidence = isGone ? evidenceOfRemoval(exchanges, drawn.subject.key) : "failed";
        counted.add(exchanges, evidence);
        if (evidence === "none") throw new Error("Reported as deleted without proof.");
      }),
      { numRuns: DELETES },
    );
    counted.tell("random responses to delete");
    expect(counted.of("remove") + counted.of("list")).toBeGreaterThan(12_000);
    expect(counted.of("list")).toBeGreaterThan(2_000);
  }, 180_000);

  it("read", async () => {
    const counted = counter();
    await fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const { isGone, exchanges } = await settle(drawn, readGone(drawn));
        const evidence = isGone ? evidenceOfAbsence(exchanges, drawn.subject.key) : "kept";
        counted.add(exchanges, evidence);
        if (evidence === "none") throw new Error("Dropped without proof.");
      }),
      { numRuns: READS },
    );
    counted.tell("random responses to read");
    expect(counted.of("list") + counted.of("lookup")).toBeGreaterThan(8_000);
  }, 180_000);
});
