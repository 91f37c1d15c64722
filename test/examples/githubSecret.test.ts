import { expect, it } from "vitest";
import { CREATE, REMOVE } from "../engine/fixture";
import { expectFailure } from "../support/engine";
import { useHandOver } from "./handOver";

const [example, handOver] = useHandOver("github", () => import("../../examples/github-secret/index.ts"));

it("keeps the old key until the secret has the new one and the overlap is over; destroy removes the secret first", async () => {
  const stack = await example.stack("dev");
  await stack.setConfig({ repository: { value: "shop" } });
  const upAt = async (now: string) => {
    await stack.setConfig({ now: { value: now } });
    return stack.up();
  };

  await upAt("2030-01-01T00:00:00Z");
  const [first] = handOver.workingKeys();
  expect(handOver.calls).toMatchObject([
    { properties: { repository: "shop", secretName: "ELECTRONHUB_KEY", value: first } },
  ]);
  expect(handOver.takeStory()).toEqual([CREATE, "create ci-bot-key"]);

  handOver.failing = "update ci-bot-key";
  await expectFailure(upAt("2030-01-31T00:00:00Z"));
  expect(handOver.takeStory()).toEqual([CREATE, "update ci-bot-key fails"]);
  const [, second] = handOver.workingKeys();
  expect(handOver.workingKeys()).toEqual([first, second]);
  await expectFailure(upAt("2030-02-10T00:00:00Z"));
  expect(handOver.takeStory()).toEqual(["update ci-bot-key fails"]);
  expect(handOver.workingKeys()).toEqual([first, second]);

  // Still refused when the next rotation is due: the secret's key goes on working.
  await expectFailure(upAt("2030-03-02T00:00:00Z"));
  expect(handOver.takeStory()).toEqual([CREATE, "update ci-bot-key fails"]);
  const [, , third] = handOver.workingKeys();
  expect(handOver.workingKeys()).toEqual([first, second, third]);

  handOver.failing = undefined;
  await stack.up();
  expect(handOver.calls).toMatchObject([{ properties: { value: third } }]);
  expect(handOver.takeStory()).toEqual(["update ci-bot-key", REMOVE]);
  expect(handOver.workingKeys()).toEqual([second, third]);

  await upAt("2030-03-04T00:00:00Z");
  expect(handOver.takeStory()).toEqual([REMOVE]);
  expect(handOver.workingKeys()).toEqual([third]);
  expect(Object.keys((await stack.preview()).changes)).toEqual(["same"]);

  expect(await example.project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect(handOver.takeStory()).toEqual(["delete ci-bot-key", REMOVE]);
  expect(handOver.workingKeys()).toEqual([]);
});
