import { expect, it } from "vitest";
import { WatchedProgram } from "../../support/languageServer";

/** Serves one run. @param run stands for the SDK. @returns the message of the error that the engine receives. */
async function errorOf(
  watched: WatchedProgram,
  run: (program: () => Promise<unknown>) => Promise<Error | undefined>,
): Promise<string | undefined> {
  let message: string | undefined;
  const server = watched.serveWith({
    run: async (_, respond) => respond(await run(async () => watched.program()), {}),
  });
  await server.run({}, (error) => {
    message = error?.message;
  });
  return message;
}

const program = async (): Promise<Record<string, unknown>> => ({});

it("a program that ended is a success", async () => {
  const watched = new WatchedProgram(program);
  const error = await errorOf(watched, async (start) => {
    await start();
    return undefined;
  });
  expect(error).toBeUndefined();
  expect(watched.isCutOff).toBe(false);
});

it("a run that ends before its program began is a failure, with any response of the SDK", async () => {
  const silent = new WatchedProgram(program);
  expect(await errorOf(silent, async () => undefined)).toMatch(/connection to the engine/);
  expect(silent.isCutOff).toBe(true);
  const loud = new WatchedProgram(program);
  expect(await errorOf(loud, async () => new Error("14 UNAVAILABLE"))).toBe("14 UNAVAILABLE");
  expect(loud.isCutOff).toBe(true);
});

it("a program that fails half-way is a failure, with any response of the SDK, and was not cut off", async () => {
  const watched = new WatchedProgram(async () => {
    throw new Error("14 UNAVAILABLE");
  });
  const error = await errorOf(watched, async (start) => {
    await start().catch(() => {});
    return undefined;
  });
  expect(error).toMatch(/connection to the engine/);
  expect(watched.isCutOff).toBe(false);
});
