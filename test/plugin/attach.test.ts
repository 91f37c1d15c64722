import { join } from "node:path";
import { expect, it } from "vitest";
import { accountOf, CREATE, declare, diagnosticsOf, program, UPDATE, useEngine } from "../engine/fixture";
import { expectFailure } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { startCommand } from "../support/command";

const engine = useEngine([{ name: "main" }, { name: "team" }]);

it("engines use a plugin that runs already, one after the other, and for one account only", async () => {
  const { project, simulator } = engine;
  const file = join(REPOSITORY_ROOT, "dist", "plugin", "main.js");
  const { work: cwd } = project.folders;
  const plugin = startCommand(process.execPath, [file], { cwd, env: { ...project.env } });
  try {
    await plugin.waitForOutput(/^\d+\n/);
    const env = { PULUMI_DEBUG_PROVIDERS: `electronhub:${plugin.output().trim()}` };
    const stack = await project.stack("attached", program({ one: {} }), { env, config: engine.config() });
    const { output } = await stack.up();
    expect(engine.takeRequests()).toEqual([CREATE]);
    expect(output).not.toContain("from $PATH");

    stack.setProgram(program({ one: { budget: 20, refuseIfUsedWithin: "1h" } }));
    await stack.up();
    expect(engine.takeRequests()).toEqual([UPDATE]);
    simulator.account().disableKey(simulator.account().keys()[0]?.key ?? "");
    const refreshed = await stack.refresh();
    expect(refreshed.output).toMatch(/was disabled outside Pulumi: the next `pulumi up` enables it again/);
    engine.takeRequests();

    const { baseUrl } = simulator;
    const { apiKey } = simulator.account("team");
    stack.setProgram(async () => {
      const one = declare("one", { budget: 30 });
      // The engine configures the provider of the other account second.
      const later = one.fingerprint.apply(() => apiKey);
      declare("two", { budget: 10 }, { provider: accountOf("team", { apiKey: later, baseUrl }) });
    });
    const { output: refusal } = await expectFailure(stack.up());
    expect(diagnosticsOf(refusal)).toMatch(/serves a provider with other settings, and can serve one only/);
    expect(engine.takeJournal().filter(({ account }) => account !== "main")).toEqual([]);
    expect(simulator.account("team").keys()).toEqual([]);

    expect(await project.destroy("attached", [], { env })).toMatchObject({ exitCode: 0 });
    expect(simulator.account().keys()).toEqual([]);
    expect(plugin.child.exitCode).toBeNull();
  } finally {
    plugin.kill("SIGKILL");
    await plugin.done;
  }
});
