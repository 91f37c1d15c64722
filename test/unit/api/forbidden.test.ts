import { describe, expect, it } from "vitest";
import { errorFor, type Endpoint } from "../../../provider/api/responseError";
import type { ForbiddenError } from "../../../provider/api/errors";
import { NOW_MS } from "../fixture";

function forbidden(message: unknown, endpoint: Endpoint = "remove"): ForbiddenError {
  const body = typeof message === "string" ? JSON.stringify({ error: { message, code: 403 } }) : "";
  return asForbidden(endpoint, body);
}

function asForbidden(endpoint: Endpoint, body: string): ForbiddenError {
  return errorFor(
    endpoint,
    { status: 403, headers: {}, body },
    { secrets: [], nowMs: NOW_MS },
  ) as ForbiddenError;
}

describe("whose refusal a 403 is", () => {
  it.each([
    ["remove", "Proxy key does not belong to you", "otherAccount"],
    ["remove", "Proxy key is not owned by you", "otherAccount"],
    ["lookup", "You are not the owner of this key", "otherAccount"],
    ["update", "The key is another user's", "otherAccount"],
    ["toggle", "This proxy key is not yours", "otherAccount"],
    ["remove", "Not allowed to delete this proxy key", "otherAccount"],
    ["create", "Maximum number of proxy keys reached (10)", "keyCap"],
    ["create", "You have reached the limit of 15 proxy keys", "keyCap"],
    ["create", "Too many proxy keys", "keyCap"],
    ["list", "Too many proxy keys", "unstated"],
    ["list", "This API key does not have permission to manage proxy keys", "permission"],
    ["create", "Insufficient scope", "permission"],
    ["create", "Too many API keys for this IP address", "addressLimit"],
    ["remove", "Too many API keys for this IP address", "addressLimit"],
    ["remove", "Your plan is paused", "paused"],
    ["list", "Your account is suspended", "paused"],
    ["remove", "Forbidden", "unstated"],
    ["create", "Forbidden", "unstated"],
  ] as const)("%s: %s → %s", (endpoint, message, reason) => {
    const error = forbidden(message, endpoint);
    expect(error.reason).toBe(reason);
    expect(error.why).toContain(`"${message}"`);
    expect(error.retryable).toBe(false);
  });

  it.each(["", "<html>Proxy key is not owned by you</html>", "plain text: not owned by you"])(
    "the edge's, when the body is no JSON: %j",
    (body) => {
      const error = asForbidden("remove", body);
      expect(error.reason).toBe("edge");
      expect(error.nextStep).toMatch(/electronhub:baseUrl.*electronhub:userAgent/);
    },
  );

  it("each with its own next step", () => {
    expect(forbidden("not owned by you").nextStep).toMatch(/account that owns it.*pulumi state delete/);
    expect(forbidden("too many keys", "create").nextStep).toMatch(/larger plan/);
    expect(forbidden("no permission").nextStep).toMatch(/master key/);
    expect(forbidden("plan is paused").nextStep).toMatch(/Resume the plan/);
    expect(forbidden("too many for this IP").nextStep).toMatch(/another address/);
  });

  it("names the usual reason where the API gives none about an existing key", () => {
    expect(forbidden("Forbidden", "remove").nextStep).toMatch(/a key of another account/);
    expect(forbidden("Forbidden", "create").nextStep).not.toMatch(/another account/);
    expect(forbidden("Forbidden", "list").nextStep).not.toMatch(/another account/);
  });
});
