import type { LiveApi } from "../api";
import type { Report } from "../report";

/** Questions that the same keys answer. */
export interface Group {
  name: string;
  /** Adds a finding for each question. @throws if the API does not go along. */
  ask(api: LiveApi, report: Report, environment: Readonly<Record<string, string | undefined>>): Promise<void>;
}
