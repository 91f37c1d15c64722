import { expect, it, vi } from "vitest";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/inventory/index.ts"));

it("lists what expires soon, the credits, and which keys work, and manages nothing", async () => {
  const { account, project, simulator } = example;
  vi.stubEnv("XDG_CACHE_HOME", project.folders.cache);
  const inDays = (days: number) => Math.floor(Date.now() / 1_000) + days * 86_400;
  const soon = account.addKey({ name: "soon", expiresAtUnixS: inDays(5), allocatedAmount: 100 });
  account.addKey({ name: "later", expiresAtUnixS: inDays(30) });
  account.addKey({ name: "off", expiresAtUnixS: inDays(5), isActive: false });
  account.addKey({ name: "forever" });
  const stack = await example.stack("dev");
  await stack.setConfig({ "test:mustWork": { value: JSON.stringify(["off", "soon"]) } });

  const { changes, outputs, output } = await stack.up();
  expect(changes).toEqual({ create: 1 });
  expect(outputs).toEqual({
    credits: { value: account.balance, secret: false },
    count: { value: 4, secret: false },
    expiringSoon: {
      value: [
        {
          name: "soon",
          fingerprint: fingerprintOf(soon.key),
          expiresAt: new Date(soon.expiresAtUnixS * 1_000).toISOString().replace(".000", ""),
        },
      ],
      secret: false,
    },
    works: {
      value: { off: { valid: false, reason: "Proxy key is disabled" }, soon: { valid: true } },
      secret: false,
    },
  });
  expect(output).not.toContain(soon.key);
  expect(simulator.requests().toSorted()).toEqual(
    ["GET /auth/proxy", "GET /user/me", "POST /auth/proxy/validate", "POST /auth/proxy/validate"].toSorted(),
  );

  await stack.setConfig({ "test:expiresWithin": { value: "60d" } });
  const later = await stack.up();
  expect(later.outputs["expiringSoon"]?.value).toMatchObject([{ name: "later" }, { name: "soon" }]);

  expect(await project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toHaveLength(4);
  vi.unstubAllEnvs();
});
