import { expect, it } from "vitest";
import { CREATE, REMOVE } from "../engine/fixture";
import { expectFailure } from "../support/engine";
import { useHandOver } from "./handOver";
import type { Properties } from "./standIns/provider";

// The real provider names an object that has no name, and replaces a Secret whose data change.
const [example, handOver] = useHandOver(
  "kubernetes",
  () => import("../../examples/kubernetes-secret/index.ts"),
  {
    check: (inputs, { metadata }, { resource, seed }) => ({
      ...inputs,
      metadata: metadata ?? { name: `${resource}-${seed.slice(0, 8)}` },
    }),
    replaces: ["stringData"],
  },
);

interface Pods {
  metadata: { annotations: Record<string, string> };
  spec: { containers: { envFrom: { secretRef: { name: string } }[] }[] };
}

/** What the last request to the Secret and to the Deployment was about. */
function handedOver() {
  const of = (name: string): Properties =>
    handOver.calls.findLast(({ resource, verb }) => resource === name && verb !== "delete")?.properties ?? {};
  const { template } = (of("chat")["spec"] ?? {}) as { template: Pods };
  return {
    key: (of("chat-key")["stringData"] as Record<string, string>)["ELECTRONHUB_KEY"],
    secret: (of("chat-key")["metadata"] as { name: string }).name,
    secretOfPods: template.spec.containers[0]?.envFrom[0]?.secretRef.name,
    annotation: template.metadata.annotations["electronhub-key"],
  };
}

it("removes the old key once the pods have the new one; destroy removes the pods first", async () => {
  const stack = await example.stack("dev");
  const { outputs } = await stack.up();
  const [first] = handOver.workingKeys();
  const before = handedOver();
  expect(before).toMatchObject({ key: first, annotation: outputs["fingerprint"]?.value });
  expect(before.secretOfPods).toBe(before.secret);
  expect(handOver.takeStory()).toEqual([CREATE, "create chat-key", "create chat"]);

  await stack.setConfig({ keyGeneration: { value: "2" } });
  handOver.failing = "create chat-key";
  await expectFailure(stack.up());
  expect(handOver.takeStory()).toEqual([CREATE, "create chat-key fails"]);
  const [, second] = handOver.workingKeys();
  expect(handOver.workingKeys()).toEqual([first, second]);

  handOver.failing = "update chat";
  await expectFailure(stack.up());
  const after = handedOver();
  expect(handOver.takeStory()).toEqual(["create chat-key", "update chat fails"]);
  expect(handOver.workingKeys()).toEqual([first, second]);

  handOver.failing = undefined;
  const rotated = await stack.up();
  expect(handOver.takeStory()).toEqual(["update chat", "delete chat-key", REMOVE]);
  expect(handOver.workingKeys()).toEqual([second]);
  expect(after).toMatchObject({ key: second, annotation: rotated.outputs["fingerprint"]?.value });
  expect(after.secretOfPods).toBe(after.secret);
  expect(after.secret).not.toBe(before.secret);
  expect(after.annotation).not.toBe(before.annotation);

  await stack.setConfig({ keyGeneration: { value: "3" } });
  await stack.up();
  expect(handOver.takeStory()).toEqual([CREATE, "create chat-key", "update chat", "delete chat-key", REMOVE]);
  expect(Object.keys((await stack.preview()).changes)).toEqual(["same"]);

  expect(await example.project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect(handOver.takeStory()).toEqual(["delete chat", "delete chat-key", REMOVE]);
  expect(handOver.workingKeys()).toEqual([]);
});
