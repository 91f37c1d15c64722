import { runCell, type Cell, type Mode } from "./cell";
import { FAULT_ROWS, type FaultRow } from "./faults";
import { VERB_COLUMNS, type VerbColumn } from "./verbs";

export const MODES: readonly Mode[] = ["once", "call", "api"];

export interface PlacedCell extends Cell {
  readonly row: FaultRow;
  readonly column: VerbColumn;
  readonly mode: Mode;
}

/** The number of cells that run at once, so that timeouts in real time overlap. */
const CELLS_AT_ONCE = 48;

/** Runs every verb with every fault in every mode. */
export async function runMatrix(): Promise<PlacedCell[]> {
  const places = MODES.flatMap((mode) =>
    FAULT_ROWS.flatMap((row) => VERB_COLUMNS.map((column) => ({ mode, row, column }))),
  );
  const cells: PlacedCell[] = [];
  // Rows that take real time first.
  const order = [...places.keys()].toSorted(
    (a, b) => Number(places[b]!.row.hangs ?? false) - Number(places[a]!.row.hangs ?? false),
  );
  const work = async () => {
    for (let index = order.shift(); index !== undefined; index = order.shift()) {
      const place = places[index]!;
      cells[index] = { ...place, ...(await runCell(place.row, place.column, place.mode)) };
    }
  };
  await Promise.all(Array.from({ length: CELLS_AT_ONCE }, work));
  return cells;
}

/** The name of a cell in a list. */
export function placeOf({ mode, row, column }: Pick<PlacedCell, "mode" | "row" | "column">): string {
  return `${mode} / ${row.label} / ${column.label}`;
}
