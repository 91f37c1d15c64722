import { secretsOf } from "../../config";
import { appendAuditLine } from "../../lifecycle/auditLog";
import type { AccountView } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { problemOf } from "../problems";
import type { RevokedKey } from "./revokedKey";

/**
 * Shows that a key is disabled, and writes it to the audit log. A log that cannot be written does not keep a leaked key enabled;
 * it prevents the removal, which needs the backup there.
 */
export async function recordDisabling(
  key: RevokedKey,
  { settings }: AccountView,
  { clock, terminal }: Pick<CommandContext, "clock" | "terminal">,
): Promise<void> {
  const { wire, fingerprint, status, requests, labels, secret = "" } = key;
  const outcome =
    status === "gone"
      ? "already deleted"
      : status !== "disabled"
        ? "failed"
        : key.disabledAtMs === undefined
          ? "already disabled"
          : "disabled";
  const time = new Date(clock.nowMs()).toISOString();
  if (status === "disabled")
    terminal.note(`${time} ${outcome}, and verified: ${JSON.stringify(wire?.name)} (${fingerprint})`);
  const entry = {
    time,
    action: "disable",
    name: wire?.name,
    fingerprint,
    labels,
    outcome,
    reason: outcome === "failed" ? key.problems.at(-1)?.why : undefined,
    requests,
  } as const;
  try {
    await appendAuditLine(settings.auditLog, entry, [...secretsOf(settings), secret]);
  } catch (error) {
    key.problems.push(problemOf(error));
  }
}
