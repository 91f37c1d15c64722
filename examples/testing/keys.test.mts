import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { ProxyKey } from "pulumi-electronhub";
import { startSimulator } from "pulumi-electronhub/testing";

const program = async () => {
  new ProxyKey("ci-bot", { budget: 25 });
};

test("destroy removes the key, even after a 503", async () => {
  const simulator = await startSimulator();
  const account = simulator.account();
  const stack = await LocalWorkspace.createOrSelectStack({
    projectName: "electronhub-testing",
    stackName: "test",
    program,
  });
  await stack.setAllConfig({
    "electronhub:apiKey": { value: account.apiKey, secret: true },
    "electronhub:baseUrl": { value: simulator.baseUrl },
  });

  await stack.up();
  equal(account.keys()[0]?.allocatedAmount, 25);

  simulator.inject({ on: { path: "/auth/proxy/remove" }, status: 503 }); // for one request
  await stack.destroy();
  deepEqual(account.keys(), []);
  deepEqual(simulator.violations, []); // no call that could remove every key, no key in a URL

  await stack.workspace.removeStack("test");
  await simulator.close();
});
