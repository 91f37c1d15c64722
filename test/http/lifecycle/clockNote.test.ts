import { expect, it } from "vitest";
import { createFixture, PATHS } from "../fixture";

const HOUR_MS = 3_600_000;

it.each([
  [24, ["clock is 24 h ahead of the server's, so the key works that much longer"]],
  [-24, ["clock is 24 h behind the server's, so the key works that much shorter"]],
  [0, []],
])(
  "a clock that is %d h ahead is reported by what counts `expiresIn` from it",
  async (hours, words: string[]) => {
    const lines: string[] = [];
    const fixture = await createFixture({ lifecycle: { report: (line) => lines.push(line) } });
    const { lifecycle, clock, simulator, declare } = fixture;
    const respond = (path: string, body: Record<string, string>) => {
      const headers = { date: new Date(clock.nowMs() - hours * HOUR_MS).toUTCString() };
      simulator.inject({ on: { path }, status: 200, body, headers, applied: true });
    };
    const inputs = await declare({ expiresIn: "1h", renewBefore: "30m" });
    const created = { name: String(inputs["__createdAs"]), key: "ek-proxy-0123456789abcdef0123456789abcdef" };
    respond(PATHS.create, created);
    const { id, outs } = await lifecycle.create(inputs);
    const reports = words.map((text): unknown => expect.stringContaining(text));
    expect(lines).toEqual(reports);

    // A renewal counts anew.
    clock.advance(HOUR_MS / 2);
    lines.length = 0;
    const renewed = await declare({ expiresIn: "1h", renewBefore: "30m" }, outs);
    expect(lines.splice(0)).toEqual([expect.stringContaining("its expiry is extended")]);
    respond(PATHS.update, { message: "Proxy key updated" });
    await lifecycle.update(id, outs as never, renewed);
    expect(lines).toEqual(reports);
  },
);
