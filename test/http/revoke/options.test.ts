import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/fingerprint";
import { PATHS } from "../fixture";
import { revocation } from "./fixture";

describe("keys by an option", () => {
  it("are those with a fingerprint or a prefix; two lists and a toggle disable one", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const { key } = account.addKey({ name: "ci-1" });
    for (const name of ["ci-2", "prod"]) account.addKey({ name });
    await scene.revoke(["--yes", "--disable-only", "--fingerprint", fingerprintOf(key)]);
    expect(scene.sentSince()).toEqual(["list", "toggle", "list"]);
    const receipt = await scene.revoke(["--yes", "--name-prefix", "ci-"]);
    expect(receipt.keys).toMatchObject([
      { name: "ci-1", outcome: "removed", wasEnabled: true, disabledAt: null, settings: { enabled: true } },
      { name: "ci-2", outcome: "removed", wasEnabled: true, disabledAt: expect.any(String) },
    ]);
    expect(account.keys().map(({ name }) => name)).toEqual(["prod"]);
    expect(await scene.revoke(["--yes", "--name-prefix", "ci-"])).toMatchObject({ exitCode: 0, keys: [] });
  });

  it("that the list does not show are unknown, unless this machine remembers that it was about to remove them", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const fingerprint = fingerprintOf(key);
    const cut = scene.simulator.inject({ on: { path: PATHS.remove }, cut: "after", times: Infinity });
    await scene.revoke(["--yes", "--fingerprint", fingerprint]);
    cut.remove();
    const again = await scene.revoke(["--yes", "--fingerprint", fingerprint]);
    expect(again).toMatchObject({
      exitCode: 0,
      keys: [{ name: "bot", outcome: "already-gone", settings: { name: "bot" }, problems: [] }],
    });
    const unknown = await scene.revoke(["--yes", "--fingerprint", "pk-0123456789abcdef"]);
    expect(unknown).toMatchObject({ exitCode: 3, keys: [{ outcome: "unknown", provenAt: null }] });
  });

  it("whose secret the list hides cannot be disabled, and a removal is proven by a lookup", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "ci-1" });
    scene.simulator.account().addKey({ name: "ci-2" });
    scene.simulator.dialect.listKeys = "omitted";
    expect(await scene.revoke(["--yes", "--name-prefix", "ci-"])).toMatchObject({
      exitCode: 3,
      keys: [
        {
          outcome: "failed",
          fingerprint: null,
          problems: [{ why: expect.stringMatching(/secret of key "ci-1"/) }],
        },
        {},
      ],
    });
    scene.sentSince();
    expect(await scene.revoke(["--yes"], key)).toMatchObject({ exitCode: 0, keys: [{ outcome: "removed" }] });
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup", "remove", "list", "lookup"]);
  });
});
