import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { RotatingProxyKey } from "../../../provider/resources/rotatingProxyKey";

/** A stack at its third period: key 1 is published, and the overlap of key 0 is over. */
const STORED: Readonly<Record<string, object>> = {
  bot: { generation: 2, startedAt: "2026-01-01T00:00:00Z", rotatedAt: "2026-01-15T00:00:00Z" },
  "bot-odd": { number: 1, order: 2, previousNumber: 0, isOver: true, validUntil: "2026-01-10T00:00:00Z" },
  "bot-even": { number: 2, order: 3, previousNumber: 1, isOver: false, validUntil: "2026-01-17T00:00:00Z" },
};

it.each([["*"], ["rotationTrigger"]])("%j never ignores that the next key is due", async (path) => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: { ...(inputs as object), ...STORED[name] } }),
    call: () => ({}),
  });
  const ignored: Record<string, string[] | undefined> = {};
  const schedule = { rotateEvery: "7d", overlap: "2d", now: "2026-01-15T00:00:00Z" };
  const rotating = new RotatingProxyKey(
    "bot",
    { budget: 1, ...schedule },
    {
      ignoreChanges: [path, "budget"],
      transformations: [
        ({ name, opts }) => {
          if (/^bot-\d$/.test(name)) ignored[name] = (opts as pulumi.CustomResourceOptions).ignoreChanges;
          return undefined;
        },
      ],
    },
  );
  await new Promise((resolve) => rotating.rotatesAt.apply(resolve));
  expect(Object.keys(ignored)).toContain("bot-2");
  for (const paths of Object.values(ignored)) {
    expect(paths).toContain("budget");
    expect(paths).not.toContain("rotationTrigger");
    expect(paths).not.toContain("*");
  }
});
