import { expect, it } from "vitest";
import type { AccountView } from "../../../provider/cli/account/accounts";
import { findKeys } from "../../../provider/cli/revoking/findKeys";
import { fingerprintOf } from "../../../provider/lifecycle/schema/fingerprint";
import { createFixture } from "../fixture";

it("a selection by stack and name does not pass over a key whose secret the list hides", async () => {
  const { simulator, client, context } = await createFixture();
  const fingerprint = fingerprintOf(simulator.account().addKey({ name: "ci-1" }).key);
  const place = { stack: "pr-1", urn: "", resource: "ci", fingerprint, labels: {}, role: "creates" } as const;
  const byFingerprint = new Map([[fingerprint, [{ ...place, account: undefined }]]]);
  const account = {
    account: "main",
    begin: () => ({ client, call: { ...context } }),
  } as unknown as AccountView;
  const find = async (namePrefix: string) => {
    const selection = { kind: "filter", namePrefix, labels: undefined, stacks: ["pr-*"] } as const;
    const declared = { byFingerprint, stackCount: 1, gaps: [], folder: undefined };
    return (await findKeys(selection, account, declared)).keys;
  };
  expect(await find("ci-")).toMatchObject([{ fingerprint, problems: [] }]);
  simulator.dialect.listKeys = "omitted";
  expect(await find("ci-")).toMatchObject([
    { fingerprint, status: "absent", problems: [{ why: expect.stringMatching(/may hide some/) }] },
  ]);
  expect(await find("web-")).toEqual([]);
});
