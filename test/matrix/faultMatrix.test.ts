import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { FAULT_ROWS } from "./faults";
import { MODES, placeOf, runMatrix, type PlacedCell } from "./matrix";
import { renderMatrix } from "./table";
import { VERB_COLUMNS } from "./verbs";

let cells: PlacedCell[];
const rejections: unknown[] = [];

beforeAll(async () => {
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  cells = await runMatrix();
  // Unhandled rejections are reported one turn later.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", onRejection);
}, 180_000);

it(`has a cell for each of ${FAULT_ROWS.length} faults x ${VERB_COLUMNS.length} verbs x ${MODES.length} modes`, () => {
  expect(cells).toHaveLength(FAULT_ROWS.length * VERB_COLUMNS.length * MODES.length);
});

it("breaks no invariant", () => {
  const broken = cells.flatMap((cell) => cell.problems.map((problem) => `${placeOf(cell)}: ${problem}`));
  expect(broken).toEqual([]);
});

it("leaves no rejection unhandled", () => {
  expect(rejections).toEqual([]);
});

it("equals the committed table (tsx test/matrix/render.ts --write, then review it)", () => {
  const committed = readFileSync(join(__dirname, "fault-matrix.md"), "utf8").split("\n");
  const made = renderMatrix(cells).split("\n");
  const drift = made.filter((line, at) => line !== committed[at]);
  // A few lines are enough: the whole table is long.
  expect(drift.slice(0, 5)).toEqual([]);
  expect(made).toHaveLength(committed.length);
});
