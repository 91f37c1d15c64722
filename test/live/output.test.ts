import { describe, expect, it } from "vitest";
import { echoSecrets } from "../../provider/testing";
import { addOthers, addRoutes, createFixture } from "./fixture";

describe("its output", () => {
  it("has no key, also when every response repeats all that was sent", async () => {
    const fixture = await createFixture();
    addOthers(fixture);
    addRoutes(fixture);
    const secrets = new Set([fixture.simulator.account().apiKey]);
    fixture.onRequest(() => {
      for (const { key } of fixture.simulator.account().keys()) secrets.add(key);
    });
    for (const path of ["validate", "update", "lookup", "toggle"])
      fixture.simulator.inject({ on: { path: `/auth/proxy/${path}` }, times: Infinity, ...echoSecrets(400) });
    const { output } = await fixture.run();
    expect(secrets.size).toBeGreaterThan(5);
    for (const secret of secrets) expect(output).not.toContain(secret.replace(/^ek-(proxy-)?/, ""));
    expect(output).not.toMatch(/ek-(?:proxy-)?[0-9a-f]{6}/);
    // What it repeats is shown, without the keys.
    expect(output).toContain("failed; authorization: [redacted]");
  });

  it("has no key of which a response shows all but its kind", async () => {
    const fixture = await createFixture();
    addOthers(fixture);
    const seen = new Set<string>();
    const cores = () => {
      const { apiKey } = fixture.simulator.account();
      const keys = [
        apiKey,
        ...fixture.simulator
          .account()
          .keys()
          .map(({ key }) => key),
      ];
      for (const key of keys) seen.add(key.replace(/^ek-(proxy-)?/, ""));
      return [...seen].join(" ");
    };
    for (const path of ["validate", "update"])
      fixture.simulator.inject({
        on: { path: `/auth/proxy/${path}` },
        status: 400,
        body: () => ({ detail: cores() }),
        times: Infinity,
      });
    const { output } = await fixture.run();
    expect(seen.size).toBeGreaterThan(5);
    for (const core of seen) expect(output).not.toContain(core.slice(0, 12));
  });

  it("has nothing of the user's logs", async () => {
    const fixture = await createFixture();
    addRoutes(fixture);
    const { output } = await fixture.run();
    expect(output).toContain("1 entry, 1 with the key");
    expect(output).not.toContain("192.0.2.7");
  });
});
