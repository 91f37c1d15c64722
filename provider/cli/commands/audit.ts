import type { FileHandle } from "node:fs/promises";
import { SETTINGS } from "../../config";
import { hasLabels, type Labels } from "../../lifecycle/labels";
import { linesOf, openLog, type LoggedEntry } from "../audit/logLines";
import { labelsIn } from "../audit/loggedLabels";
import { verifyLog } from "../audit/verifyLog";
import { EXIT, UsageError, type ExitCode } from "../problems";
import { labelsText } from "../terminal/labelsText";
import { flawLine } from "../terminal/report";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface AuditOptions {
  verify?: boolean;
  /** A line's hash. */
  contains?: string;
  label?: Labels;
  fingerprint?: readonly string[];
  json?: boolean;
}

/** Shows an audit log, or checks that its lines are those that were written. Reads nothing but the file. */
export async function audit(
  options: AuditOptions,
  world: CommandContext,
  [named]: readonly string[],
): Promise<ExitCode> {
  if (options.contains !== undefined && options.verify !== true)
    throw new UsageError("--contains needs --verify.");
  const file = named ?? world.environment[SETTINGS.auditLog];
  if (!file) throw new UsageError(`Name the audit log, or set ${SETTINGS.auditLog}.`);
  const log = await openLog(file);
  try {
    return options.verify === true
      ? await verify(log, file, options, world)
      : await show(log, options, world);
  } finally {
    await log.close();
  }
}

/** Lines are shown in pages, so that a large log need not fit into memory. */
const PAGE_LENGTH = 1_000;

async function show(log: FileHandle, options: AuditOptions, { terminal }: CommandContext): Promise<ExitCode> {
  let page: string[][] = [];
  let shown = 0;
  let unreadable = 0;
  const endPage = () => {
    if (page.length > 0) terminal.result({ rows: [HEADING, ...page] });
    page = [];
  };
  for await (const { entry } of linesOf(log)) {
    if (entry === undefined) unreadable++;
    if (entry === undefined || !isSelected(entry, options)) continue;
    shown++;
    if (options.json === true) terminal.jsonLine(entry);
    else if (page.push(rowOf(entry)) === PAGE_LENGTH) endPage();
  }
  endPage();
  if (shown === 0 && options.json !== true) terminal.result("No line matches.");
  if (unreadable === 0) return EXIT.done;
  terminal.note(
    `${counted(unreadable, "line")} cannot be read and may match. Add --verify to see what is wrong.`,
  );
  return EXIT.failedInPart;
}

const HEADING = ["time", "action", "name", "fingerprint", "outcome", "labels"];

function rowOf(entry: LoggedEntry): string[] {
  const cell = (value: unknown) => (typeof value === "string" ? value : "-");
  const { time, action, name, fingerprint, outcome } = entry;
  return [...[time, action, name, fingerprint, outcome].map(cell), labelsText(labelsIn(entry))];
}

function isSelected(entry: LoggedEntry, { label, fingerprint: wanted }: AuditOptions): boolean {
  const { fingerprint } = entry;
  if (wanted !== undefined && !(typeof fingerprint === "string" && wanted.includes(fingerprint)))
    return false;
  return label === undefined || hasLabels(labelsIn(entry), label);
}

async function verify(
  log: FileHandle,
  file: string,
  { contains, json }: AuditOptions,
  { terminal }: CommandContext,
): Promise<ExitCode> {
  let found: number | null = null;
  const verification = await verifyLog(log, ({ number, hash }) => {
    if (hash === contains) found = number;
  });
  const { lineCount, lastHash, findings, findingCount } = verification;
  const isMissing = contains !== undefined && found === null;
  const exitCode = findingCount === 0 && !isMissing ? EXIT.done : EXIT.failedInPart;
  if (json === true) {
    const report = contains === undefined ? {} : { contains: { hash: contains, line: found } };
    terminal.json({ command: "audit", exitCode, file, ...verification, ...report });
    return exitCode;
  }
  const flaws = findings.map(({ why }) => why);
  if (findingCount > findings.length) flaws.push(`… and ${findingCount - findings.length} more.`);
  if (isMissing) {
    flaws.push(
      `No line has the hash ${contains}: lines were cut off at the end, that line was changed, or this is another log.`,
    );
  }
  const texts: string[] = [];
  const verdict = exitCode === EXIT.done ? "intact" : "not intact";
  texts.push(`${file}: ${counted(lineCount, "line")}, ${verdict}.`);
  if (found !== null) texts.push(`Line ${String(found)} has the hash ${contains}.`);
  if (lastHash !== null) texts.push(`Hash of the last line: ${lastHash}`);
  if (findingCount > 0) texts.push("Compare the file with a copy that was made before.");
  else if (contains === undefined) texts.push(WHAT_A_FILE_CANNOT_SHOW);
  terminal.result(...flaws.map(flawLine), ...texts);
  return exitCode;
}

const WHAT_A_FILE_CANNOT_SHOW =
  "The file alone cannot show lines that were cut off at its end, or a change of its last line. Keep the hash elsewhere, and check it later with --contains.";
