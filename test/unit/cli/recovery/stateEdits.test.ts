import { expect, it } from "vitest";
import type { PendingCreation } from "../../../../provider/cli/pulumi/checkpoint";
import type { LostKey } from "../../../../provider/cli/recovery/search";
import { clearPending, putIntoState } from "../../../../provider/cli/recovery/stateEdits";
import type { StackContext } from "../../../../provider/cli/stack/stackContext";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { SECRET, wireKey } from "../../fixture";

const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const urn = (name: string, type = PROXY_KEY) => `urn:pulumi:dev::app::${type}::${name}`;

function creation(name: string): PendingCreation {
  const inputs = { __createdAs: `${name}-abc`, name, budget: 10, __provider: "text" };
  const names = { name, createdAs: `${name}-abc`, chosenName: name };
  const made = { urn: urn(name), resource: name, ...names, isAdoption: false };
  return { ...made, account: undefined, sentTo: undefined, inputs };
}

function operation(name: string, type = "creating", resourceType = PROXY_KEY) {
  const { inputs } = creation(name);
  return { type, resource: { urn: urn(name, resourceType), type: resourceType, custom: true, inputs } };
}

/** A stack whose state has these operations, and what is written in its place. */
function task(...operations: object[]) {
  const written: { deployment: { resources?: { urn: string; id?: string }[] } }[] = [];
  const deployment = { resources: [{ urn: urn("old") }], pending_operations: operations };
  const project = {
    encryptedDeployment: () => Promise.resolve({ version: 3, deployment }),
    lockHolders: () => Promise.resolve([]),
    replaceState: (_: string, state: (typeof written)[0]) => Promise.resolve(void written.push(state)),
  };
  return { written, task: { project, stack: "dev", world: {} } as unknown as StackContext };
}

function lost(name: string): LostKey {
  const wire = wireKey({ name });
  return {
    wire,
    fingerprint: fingerprintOf(SECRET),
    account: { settings: { baseUrl: "https://api.example/v1" } },
    lost: { pending: creation(name) },
  } as unknown as LostKey;
}

it("a state without interrupted operations is not written, whatever was found", async () => {
  const { task: plain, written } = task();
  expect(await putIntoState(plain, [creation("web")], [lost("web")])).toEqual({
    cleared: 0,
    open: [],
    put: [],
  });
  expect(await clearPending(plain, [])).toEqual({ cleared: 0, open: [], put: [] });
  expect(written).toEqual([]);
});

it("a key is put in the place of its creation, and operations of any kind are forgotten with it", async () => {
  const { task: pending, written } = task(operation("web"), operation("old", "updating"));
  expect(await putIntoState(pending, [creation("web")], [lost("web")])).toEqual({
    cleared: 2,
    open: [],
    put: [fingerprintOf(SECRET)],
  });
  expect(written[0]?.deployment.resources?.map(({ urn: made, id }) => [made, id])).toEqual([
    [urn("old"), undefined],
    [urn("web"), fingerprintOf(SECRET)],
  ]);
  expect(written[0]?.deployment.resources?.[1]).toMatchObject({ outputs: { server: "https://api.example" } });
  // Encrypted by Pulumi when it reads it: in clear only within the envelope of a secret.
  expect(JSON.stringify(written[0])).toContain(JSON.stringify(JSON.stringify(SECRET)).slice(1, -1));
});

it("a resource that has a key keeps it", async () => {
  const { task: replacing, written } = task(operation("old"));
  expect(await putIntoState(replacing, [creation("old")], [lost("old")])).toEqual({
    cleared: 1,
    open: [],
    put: [],
  });
  expect(written[0]?.deployment.resources).toEqual([{ urn: urn("old") }]);
});

it("a creation of the same resource under another generated name is not settled with it", async () => {
  const { task: pending, written } = task(operation("web"));
  const other = { ...creation("web"), createdAs: "web-def" };
  expect(await clearPending(pending, [other])).toMatchObject({ cleared: 0, open: [{ urn: urn("web") }] });
  expect(written).toEqual([]);
});

it("a creation that names no generated name is not settled with an adoption, or another creation, of its resource", async () => {
  const nameless = operation("web");
  const { task: pending, written } = task({ ...nameless, resource: { ...nameless.resource, inputs: {} } });
  const adoption = { ...creation("web"), createdAs: undefined, isAdoption: true };
  expect(await clearPending(pending, [creation("web"), adoption])).toMatchObject({
    open: [{ urn: urn("web") }],
  });
  expect(written).toEqual([]);
});

it("nothing is written while a creation is open that nobody has looked into, of whatever kind", async () => {
  const { task: pending, written } = task(
    operation("web"),
    operation("other"),
    operation("files", "creating", "aws:s3/bucket:Bucket"),
  );
  expect(await clearPending(pending, [creation("web")])).toEqual({
    cleared: 0,
    open: [
      { urn: urn("other"), isForeign: false },
      { urn: urn("files", "aws:s3/bucket:Bucket"), isForeign: true },
    ],
    put: [],
  });
  expect(written).toEqual([]);
});
