import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { declare, useEngine } from "./fixture";

const engine = useEngine();

const program = async () => {
  const key = declare("one", { budget: 10 });
  return { key: key.key, plain: ["a", 1], nested: { text: "b" }, secret: pulumi.secret({ text: "c" }) };
};

describe.each([{ hasPassphrase: false }, { hasPassphrase: true }])(
  "a stack (with a passphrase: $hasPassphrase)",
  (options) => {
    it("is to the CLI what it is to the tests, which read its files", async () => {
      const { project } = engine;
      const name = `passphrase-${options.hasPassphrase}`;
      const said = async (...args: string[]) => {
        const { exitCode, output, stdout } = await project.pulumi([...args, "--stack", name]);
        expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
        return JSON.parse(stdout) as unknown;
      };
      const stack = await engine.stack(name, program, { config: engine.config(), ...options });
      const { outputs } = await stack.up();
      const { apiKey } = engine.simulator.account();
      expect(await said("config", "--json", "--show-secrets")).toMatchObject({
        "electronhub:apiKey": { value: apiKey, secret: true },
        "electronhub:baseUrl": { value: engine.simulator.baseUrl, secret: false },
      });
      expect(await project.exportState(name)).toEqual(await said("stack", "export"));
      const shown = await project.exportState(name, { showSecrets: true });
      expect(shown).toEqual(await said("stack", "export", "--show-secrets"));
      const values = Object.fromEntries(
        Object.entries(outputs).map(([output, { value }]) => [output, value]),
      );
      expect(values).toEqual(await said("stack", "output", "--json", "--show-secrets"));
      const secret = Object.keys(outputs).filter((output) => outputs[output]?.secret === true);
      expect(secret.toSorted()).toEqual(["key", "secret"]);
      const [made] = engine.simulator.account().keys();
      expect(values["key"]).toBe(made?.key);
      expect(await project.allFilesText()).not.toContainEqual(
        expect.objectContaining({ text: expect.stringContaining(apiKey) }),
      );
    });
  },
);
