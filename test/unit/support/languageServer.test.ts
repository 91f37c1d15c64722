import { expect, it } from "vitest";
import { WatchedProgram } from "../../support/languageServer";

/** Serves one run. @param run what the SDK makes of it. */
async function answerOf(
  watched: WatchedProgram,
  run: (program: () => Promise<unknown>) => Promise<Error | undefined>,
): Promise<string | undefined> {
  let said: string | undefined;
  const server = watched.serveWith({
    run: async (_, answer) => answer(await run(async () => watched.program()), {}),
  });
  await server.run({}, (error) => {
    said = error?.message;
  });
  return said;
}

const program = async (): Promise<Record<string, unknown>> => ({});

it("a program that came to its end is a success", async () => {
  const watched = new WatchedProgram(program);
  const said = await answerOf(watched, async (start) => {
    await start();
    return undefined;
  });
  expect(said).toBeUndefined();
  expect(watched.isCutOff).toBe(false);
});

it("a run that ends before its program began is a failure, whatever the SDK says", async () => {
  const silent = new WatchedProgram(program);
  expect(await answerOf(silent, async () => undefined)).toMatch(/connection to the engine/);
  expect(silent.isCutOff).toBe(true);
  const loud = new WatchedProgram(program);
  expect(await answerOf(loud, async () => new Error("14 UNAVAILABLE"))).toBe("14 UNAVAILABLE");
  expect(loud.isCutOff).toBe(true);
});

it("a program that fails half-way is a failure, whatever the SDK says, and was not cut off", async () => {
  const watched = new WatchedProgram(async () => {
    throw new Error("14 UNAVAILABLE");
  });
  const said = await answerOf(watched, async (start) => {
    await start().catch(() => {});
    return undefined;
  });
  expect(said).toMatch(/connection to the engine/);
  expect(watched.isCutOff).toBe(false);
});
