import { describe, expect, it } from "vitest";
import { ForbiddenError, MaxWaitError, ServerError, UnauthorizedError } from "../../../provider/api/errors";
import type { UserError } from "../../../provider/util/userError";
import { failureOf, OperationError, PartialFailure, type Action } from "../../../provider/lifecycle/failures";
import { inputsSchema } from "../../../provider/lifecycle/schema/inputs";
import { fingerprintOf, stateOf } from "../../../provider/lifecycle/schema/state";
import { SECRET, wireKey } from "../fixture";

const subject = { name: "web-abc2345", fingerprint: fingerprintOf(SECRET), key: SECRET };
const details = { why: "It failed (HTTP 403).", nextStep: "Do this." };
const forbidden = new ForbiddenError({ ...details, status: 403, reason: "otherAccount" });
const state = stateOf(SECRET, inputsSchema.parse({ name: "web", budget: 1 }), wireKey(), {
  baseUrl: "https://api.example/v1",
});

function messageOf(action: Action, error: unknown, secrets: string[] = []): string {
  const result = failureOf(action, subject, error, secrets);
  expect(result).toBeInstanceOf(OperationError);
  expect(result.cause).toBeUndefined();
  return result.message;
}

describe("what a person reads", () => {
  it.each([
    ["check", "check"],
    ["compare", "compare"],
    ["create", "create"],
    ["read", "refresh"],
    ["update", "update"],
    ["delete", "remove"],
  ] as const)("of a failed %s: what, which key, why, and the next step last", (action, verb) => {
    expect(messageOf(action, forbidden)).toBe(
      `Cannot ${verb} proxy key "web-abc2345" (${subject.fingerprint}): It failed (HTTP 403).\nDo this.`,
    );
  });

  it("lists the tries, when there were several", () => {
    const error = new ServerError({ ...details, status: 500 });
    error.attempts = ["first", "second"];
    expect(messageOf("delete", error).split("\n").slice(1)).toEqual([
      "It was tried 2 times:",
      "  first",
      "  second",
      "Do this.",
    ]);
    error.attempts = ["only"];
    expect(messageOf("delete", error)).not.toContain("tried");
  });

  it.each(["delete", "read"] as const)("of a 401 on %s says whose API key was used", (action) => {
    const error = new UnauthorizedError({ ...details, status: 401 });
    expect(messageOf(action, error)).toMatch(/Do this\..*last `pulumi up`.*rotation.*`--run-program`/s);
  });

  it.each(["create", "update"] as const)("of a 401 on %s does not", (action) => {
    expect(messageOf(action, new UnauthorizedError({ ...details, status: 401 }))).not.toContain(
      "--run-program",
    );
  });

  it.each([
    new TypeError(`cannot read ${SECRET}`),
    `text with ${SECRET}`,
    new Error(Buffer.from(SECRET).toString("base64")),
    new Error(SECRET.slice(9, 25)),
    Object.assign(new Error(SECRET), { id: SECRET }),
  ])("of an error that is none of ours holds no secret: %#", (error) => {
    const message = messageOf("delete", error);
    expect(message).toMatch(
      /^Cannot remove proxy key "web-abc2345" \(pk-[0-9a-f]{16}\): .*\n.*Please report it\.$/,
    );
    expect(message).toContain("[redacted]");
    expect(message).not.toContain(SECRET.slice(9, 17));
  });

  it("holds no other secret that is known either", () => {
    const master = "ek-MasterKeyOfTheAccount42";
    const encoded = Buffer.from(master).toString("hex");
    expect(messageOf("create", new Error(`seen ${encoded}`), [master])).not.toContain(encoded.slice(10, 30));
  });

  it("recognises our errors from another copy of the package", () => {
    const foreign = Object.assign(Object.create(null) as object, {
      [Symbol.for("pulumi-electronhub.UserError")]: true,
      name: "ForbiddenError",
      why: "Why.",
      nextStep: "Next.",
      attempts: [],
    }) as unknown as UserError;
    expect(messageOf("delete", foreign)).toMatch(/: Why\.\nNext\.$/);
  });

  it("makes a name from a damaged state harmless", () => {
    const odd = { name: `a\n${SECRET}"` };
    const { message } = failureOf("read", odd, forbidden);
    expect(message.split("\n")[0]).toBe(
      String.raw`Cannot refresh proxy key "a [redacted]\"": It failed (HTTP 403).`,
    );
  });
});

describe("after a half-done operation", () => {
  it("is the state to save, marked as unsettled, and the key that it is about", () => {
    const failure = failureOf(
      "create",
      { name: "web" },
      new PartialFailure(new MaxWaitError(details), state),
    );
    expect(failure).toBeInstanceOf(PartialFailure);
    expect(failure).toMatchObject({
      message: `Proxy key "web" (${fingerprintOf(SECRET)}) was created, but is not yet as declared: It failed (HTTP 403).\nDo this.`,
      state: { ...state, unsettled: true },
    });
  });

  it("keeps the new key out of the message in every encoding", () => {
    const encoded = Buffer.from(SECRET).toString("base64");
    const failure = new PartialFailure(new Error(`seen ${encoded}`), state);
    expect(failureOf("create", { name: "web" }, failure).message).not.toContain(encoded.slice(8, 30));
  });
});
