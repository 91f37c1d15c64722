import type { AuditEntry } from "../../../../provider/lifecycle/auditLog";

/** A line about a key of this name. */
export function lineAbout(name: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    time: "2026-01-01T00:00:00.000Z",
    action: "create",
    name,
    fingerprint: "pk-0000000000000000",
    outcome: "created",
    requests: 1,
    ...more,
  };
}
