import { runCell, type Cell, type Mode } from "./cell";
import { FAULT_ROWS, type FaultRow } from "./faults";
import { VERB_COLUMNS, type VerbColumn } from "./verbs";

export const MODES: readonly Mode[] = ["once", "call", "api"];

export interface PlacedCell extends Cell {
  readonly row: FaultRow;
  readonly column: VerbColumn;
  readonly mode: Mode;
}

/** Scenes at once: those that wait for a time-out in real time wait together. */
const SCENES_AT_ONCE = 48;

/** Every fault under every verb, in every mode. */
export async function runMatrix(): Promise<PlacedCell[]> {
  const places = MODES.flatMap((mode) =>
    FAULT_ROWS.flatMap((row) => VERB_COLUMNS.map((column) => ({ mode, row, column }))),
  );
  const cells: PlacedCell[] = [];
  // Those that take real time first.
  const order = [...places.keys()].toSorted(
    (a, b) => Number(places[b]!.row.hangs ?? false) - Number(places[a]!.row.hangs ?? false),
  );
  const work = async () => {
    for (let index = order.shift(); index !== undefined; index = order.shift()) {
      const place = places[index]!;
      cells[index] = { ...place, ...(await runCell(place.row, place.column, place.mode)) };
    }
  };
  await Promise.all(Array.from({ length: SCENES_AT_ONCE }, work));
  return cells;
}

/** How a cell is called in a list. */
export function placeOf({ mode, row, column }: Pick<PlacedCell, "mode" | "row" | "column">): string {
  return `${mode} / ${row.label} / ${column.label}`;
}
