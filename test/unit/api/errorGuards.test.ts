import { expect, it, vi } from "vitest";
import * as guards from "../../../provider/api/errorGuards";
import * as errors from "../../../provider/api/errors";
import { isUserError, UserError } from "../../../provider/util/userError";

const DETAILS = { why: "Why.", nextStep: "Next." };

type Guard = Exclude<keyof typeof guards, "isApiError">;

/** One error of each class, and the guards that recognise it. */
function cases({
  ConnectionError,
  ForbiddenError,
  IncompleteListError,
  InsufficientBalanceError,
  InvalidRequestError,
  MaxWaitError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnexpectedResponseError,
}: typeof errors): [UserError, Guard[]][] {
  return [
    [new ConnectionError({ ...DETAILS, maybeSent: false, retryable: true }), ["isRetryable"]],
    [new ConnectionError({ ...DETAILS, maybeSent: true }), ["isUnclear"]],
    [new ForbiddenError({ ...DETAILS, status: 403, reason: "keyCap" }), ["isForbidden"]],
    [new IncompleteListError({ ...DETAILS, shown: [], unread: "[]" }), ["isIncompleteList"]],
    [new InsufficientBalanceError(DETAILS), []],
    [
      new InvalidRequestError({ ...DETAILS, status: 422, isForeign: true }),
      ["isForeign", "isInvalidRequest"],
    ],
    [new MaxWaitError(DETAILS), ["isMaxWait"]],
    [new NotFoundError({ ...DETAILS, saidByApi: true }), ["isKeyGone", "isNotFound"]],
    [new NotFoundError({ ...DETAILS, saidByApi: false, isForeign: true }), ["isForeign", "isNotFound"]],
    [new RateLimitedError({ ...DETAILS, retryAfterMs: 1 }), ["isRateLimited", "isRetryable"]],
    [new ServerError({ ...DETAILS, retryable: true }), ["isRetryable", "isServerError", "isUnclear"]],
    [new UnauthorizedError(DETAILS), ["isUnauthorized"]],
    [new UnexpectedResponseError({ ...DETAILS, status: 202 }), ["isUnclear", "isUnclearSuccess"]],
    [new UnexpectedResponseError({ ...DETAILS, status: 418 }), []],
  ];
}

/** The package as another copy in node_modules: its own classes. */
function otherCopy(): Promise<typeof errors> {
  vi.resetModules();
  return vi.importActual<typeof errors>("../../../provider/api/errors");
}

const copies: [string, () => Promise<typeof errors>][] = [
  ["this copy", () => Promise.resolve(errors)],
  ["another copy", otherCopy],
];

it.each(copies)("each error of %s is recognised by its own guards only", async (_, copy) => {
  for (const [error, expected] of cases(await copy())) {
    expect(isUserError(error)).toBe(true);
    const matching = Object.entries(guards).filter(([, guard]) => guard(error));
    expect(matching.map(([name]) => name).toSorted()).toEqual(["isApiError", ...expected].toSorted());
  }
});

it("knows another copy's classes by more than `instanceof`", async () => {
  const { MaxWaitError } = await otherCopy();
  expect(new MaxWaitError(DETAILS)).not.toBeInstanceOf(UserError);
});

it("asks for the reason of a 403", () => {
  const error = new errors.ForbiddenError({ ...DETAILS, status: 403, reason: "keyCap" });
  expect(guards.isForbidden(error, "keyCap")).toBe(true);
  expect(guards.isForbidden(error, "otherAccount")).toBe(false);
});

it.each([
  undefined,
  null,
  "NotFoundError",
  { name: "NotFoundError", saidByApi: true },
  Object.assign(new Error("no"), { name: "NotFoundError", outcomeUnknown: true }),
])("recognises no stranger's error: %s", (error) => {
  for (const guard of Object.values(guards)) expect(guard(error)).toBe(false);
});
