import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import { Failures, progressIn } from "../../../../provider/cli/cleanup/engineEvents";

const KEY = "urn:pulumi:dev::app::pulumi-nodejs:dynamic/electronhub:ProxyKey::bot";
const OTHER = "urn:pulumi:dev::app::aws:s3/bucket:Bucket::files";
const STACK = "urn:pulumi:dev::app::pulumi:pulumi:Stack::app-dev";

function said(
  message: string,
  changes: Partial<NonNullable<EngineEvent["diagnosticEvent"]>> = {},
): EngineEvent {
  return {
    sequence: 1,
    timestamp: 1,
    diagnosticEvent: { message, color: "never", severity: "error", ...changes },
  };
}

function failedOperation(urn: string): EngineEvent {
  return {
    sequence: 1,
    timestamp: 1,
    resOpFailedEvent: { metadata: { urn }, status: 1, steps: 1 },
  } as EngineEvent;
}

function failuresOf(...events: EngineEvent[]): Failures {
  const failures = new Failures();
  for (const event of events) failures.take(event);
  return failures;
}

describe("a failure", () => {
  it("is reported for its resource, each message once and without colours", () => {
    const message = "<{%reset%}>Cannot remove it.\nDo this.<{%fg 1%}>\n";
    const failures = failuresOf(
      said(message, { urn: KEY }),
      failedOperation(KEY),
      said(message, { urn: KEY }),
    );
    expect(failures.reasonFor(KEY)).toBe("Cannot remove it.\nDo this.");
    expect(failures.reasonFor(OTHER)).toBeUndefined();
    expect(failures.any).toBe(true);
  });

  it("may come without a reason", () => {
    const failures = failuresOf(failedOperation(KEY));
    expect(failures.reasonFor(KEY)).toBe("The engine gives no reason.");
    expect(failures.any).toBe(false);
    expect(failures.except(new Set())).toEqual([]);
  });

  it("is no reason if the engine only says that the operation failed", () => {
    const failures = failuresOf(said("update failed\n"));
    expect(failures.any).toBe(false);
    expect(failures.except(new Set())).toEqual([]);
  });

  it("of anything but a key is a problem of the stack", () => {
    const failures = failuresOf(
      said("Bucket is not empty.", { urn: OTHER }),
      said("A plugin is missing."),
      said("update failed", { urn: STACK }),
      said("update failed\n"),
      said("destroy failed"),
      said("Refused.", { urn: KEY }),
    );
    expect(failures.except(new Set([KEY])).map(({ why }) => why)).toEqual([
      "files: Bucket is not empty.",
      "A plugin is missing.",
    ]);
  });

  it("is nothing that the engine only remarks, or takes back", () => {
    const failures = failuresOf(
      said("careful", { urn: KEY, severity: "warning" }),
      said("note", { urn: KEY, severity: "info#err" }),
      said("trying", { urn: KEY, ephemeral: true }),
      { sequence: 1, timestamp: 1 },
    );
    expect(failures.reasonFor(KEY)).toBeUndefined();
    expect(failures.any).toBe(false);
  });
});

describe("progress", () => {
  it("is the provider's report of its waiting", () => {
    const line = "Electron Hub: 3 calls wait for the account's limit";
    expect(progressIn(said(`${line}\n`, { severity: "info", urn: KEY }))).toBe(line);
    expect(progressIn(said(line, { severity: "info#err" }))).toBe(line);
  });

  it("is nothing else", () => {
    expect(progressIn(said("something", { severity: "info" }))).toBeUndefined();
    expect(progressIn(said("Electron Hub: refused", { severity: "error" }))).toBeUndefined();
    expect(progressIn({ sequence: 1, timestamp: 1 })).toBeUndefined();
  });
});
