import { describe, expect, it } from "vitest";
import { selectionOf, type SelectionOptions } from "../../../../provider/cli/revoking/selection";
import type { Input } from "../../../../provider/cli/terminal/input";
import { recordedTerminal } from "../../../support/recordedTerminal";

const KEY = "ek-proxy-0123456789abcdef";
const FINGERPRINT = "pk-0123456789abcdef";

async function select(options: SelectionOptions, kind: Input["kind"] = "other", text = "") {
  let reads = 0;
  const { terminal, written } = recordedTerminal();
  const stdin: Input = {
    kind,
    read: () => {
      reads++;
      return Promise.resolve(text);
    },
  };
  const selection = await selectionOf(options, { stdin, terminal, stop: new AbortController().signal });
  return { selection, notes: written.err, reads };
}

describe("the selection", () => {
  it.each(["pipe", "file", "other"] as const)("is the keys on stdin without any option: %s", async (kind) => {
    const { selection } = await select({}, kind, `${KEY}\n`);
    expect(selection).toEqual({ kind: "named", secrets: [KEY], fingerprints: [] });
  });

  it("needs stdin or an option: a terminal is not read", async () => {
    const refused = select({}, "terminal");
    await expect(refused).rejects.toMatchObject({
      why: expect.stringMatching(/`npx pulumi-electronhub revoke < FILE`, `pbpaste \\| /),
    });
    await expect(select({}, "other")).rejects.toMatchObject({ why: expect.stringMatching(/stdin is empty/) });
  });

  it("by options reads no stdin: it says so of a pipe, and refuses a file, which is certainly meant", async () => {
    const byName = await select({ fingerprint: [FINGERPRINT, FINGERPRINT] }, "pipe", KEY);
    expect(byName).toMatchObject({
      selection: { kind: "named", secrets: [], fingerprints: [FINGERPRINT] },
      reads: 0,
      notes: expect.stringMatching(/stdin is not read/),
    });
    const none = await select({ namePrefix: "ci-" }, "other");
    expect(none).toMatchObject({ selection: { kind: "filter", namePrefix: "ci-" }, reads: 0, notes: "" });
    await expect(select({ namePrefix: "ci-" }, "file", KEY)).rejects.toMatchObject({
      why: expect.stringMatching(/stdin is read only if no option selects keys/),
    });
  });

  it.each([{ namePrefix: "ci-" }, { label: { owner: "a" } }, { stack: ["pr-*"] }])(
    "names keys or filters them, and not both: %j",
    async (filter) => {
      const refused = select({ fingerprint: [FINGERPRINT], ...filter });
      await expect(refused).rejects.toMatchObject({ why: expect.stringMatching(/cannot be combined/) });
    },
  );

  it("combines filters", async () => {
    const { selection } = await select({ namePrefix: "ci-", label: { owner: "a" }, stack: ["pr-*", "qa"] });
    expect(selection).toEqual({
      kind: "filter",
      namePrefix: "ci-",
      labels: { owner: "a" },
      stacks: ["pr-*", "qa"],
    });
  });
});
