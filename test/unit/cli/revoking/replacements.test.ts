import { expect, it } from "vitest";
import type { KeyReceipt } from "../../../../provider/cli/revoking/receipt";
import { replacementsFor } from "../../../../provider/cli/revoking/replacements";

const place = (stack: string, resource: string, role: "creates" | "adopts" | "reads" = "creates") => ({
  stack,
  resource,
  role,
  urn: `urn::${resource}`,
  labels: undefined,
});

it("each stack that has a revoked key gets one command, with what the program must change first", () => {
  const keys = [
    { outcome: "removed", declaredIn: [place("prod", "bot"), place("organization/other/dev", "bot")] },
    {
      outcome: "already-gone",
      declaredIn: [place("prod", "legacy", "adopts"), place("prod", "seen", "reads")],
    },
    { outcome: "foreign", declaredIn: [place("theirs", "bot")] },
  ] as unknown as KeyReceipt[];
  expect(replacementsFor(keys, "/srv/my app")).toEqual([
    {
      stack: "organization/other/dev",
      command: "pulumi up --refresh --stack organization/other/dev",
      before: [],
    },
    {
      stack: "prod",
      command: "pulumi up --refresh --stack prod --cwd '/srv/my app'",
      before: [
        "Leave `adopt` out of legacy first: the key is gone.",
        "Make seen read another key first: the key is gone.",
      ],
    },
  ]);
});
