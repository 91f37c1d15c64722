import { expect, it } from "vitest";
import { knownKeys } from "../../../provider/cli/backendKeys";
import type { PulumiProject } from "../../../provider/cli/pulumi/project";
import { Terminal } from "../../../provider/cli/terminal/terminal";

const terminal = new Terminal({ write: () => {} }, { write: () => {} });
const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** A backend that lists these stacks, one list after the other, and has a key named after each; `gone` is not there any more. */
function backend(...lists: readonly string[][]) {
  const read: string[] = [];
  let last: string[] = [];
  const project = {
    stacks: () =>
      Promise.resolve((last = lists[read.length === 0 ? 0 : 1] ?? last).map((name) => ({ name }))),
    encryptedDeployment: (stack: string) => {
      read.push(stack);
      const key = { urn: `urn::${stack}`, type: PROXY_KEY, id: `pk-${stack}` };
      return Promise.resolve(stack === "gone" ? undefined : { version: 3, deployment: { resources: [key] } });
    },
  };
  return { read, project: project as unknown as PulumiProject };
}

it("keys are known once no stack is new: one may have been renamed while the others were read", async () => {
  const { project, read } = backend(["a", "gone", "c"], ["a", "renamed", "c"]);
  const known = await knownKeys(project, terminal);
  expect(read.toSorted()).toEqual(["a", "c", "gone", "renamed"]);
  expect([...known.fingerprints()].toSorted()).toEqual(["pk-a", "pk-c", "pk-renamed"]);
  expect([...known.fingerprints("c")].toSorted()).toEqual(["pk-a", "pk-renamed"]);
  expect(known.stackCount).toBe(4);
});

it("only the stacks that match are read", async () => {
  const { project, read } = backend(["pr-1", "prod"], ["pr-1", "prod", "pr-2"]);
  expect((await knownKeys(project, terminal, (stack) => stack.startsWith("pr-"))).stackCount).toBe(2);
  expect(read).toEqual(["pr-1", "pr-2"]);
});
