import { FAULT_ROWS } from "./faults";
import { MODES, type PlacedCell } from "./matrix";
import type { Mode } from "./cell";
import { VERB_COLUMNS } from "./verbs";

const TITLES: Record<Mode, string> = {
  once: "Once: the verb's own call fails, then the API is healthy",
  call: "Persistent, that call: it fails every time, every other call is healthy",
  api: "Persistent, every call: the whole API answers so",
};

const LEGEND = `# Fault matrix

What each verb makes of each fault, through the real client and the simulator over HTTP. Made by \`tsx test/matrix/render.ts --write\`
and held by \`test/matrix/faultMatrix.test.ts\`; do not edit it by hand.

A cell is *what the engine hears* · *the requests, in order* · *what the account holds in the end*.

| sign | meaning |
| --- | --- |
| ok | the verb succeeded; a deleted resource leaves the state |
| GONE | read tells the engine that the key no longer exists; the resource leaves the state |
| ✗ kind | the verb failed; the state stays as it was, so after a failed create the engine knows of no key |
| saved: kind | the resource is saved with an initialization error: the next \`up\` goes on from there |
| C L K U T R | create, list, lookup, update, toggle, remove; \`R×6\`: six times, \`(C L)×6\`: the pair six times |
| key, no key, 2 keys | what is on the account; \`new\`/\`old\`: its settings; \`on\`/\`off\`: enabled; \`daily\`/\`weekly\`: its window |
| ⚠ | an invariant is broken, and which |

"done" in a row: the API did as it was asked, and only its answer is wrong. In the rows "404 API" the key was removed outside before. "read:
lookup" runs against an account whose list shows no secrets, where alone a key that exists is looked up. "delete, onDestroy disable" and "update
enabled" fail at the toggle, "create: its budget window" at the update that follows the creation.

In every cell these hold, or it has a ⚠: a key that is there is never reported as deleted, and never dropped by a read; a success is true; no more
than one key after create, and the one in the state is on the account; nothing is left on the account without a word of it; no toggle is blind; no
other key is touched; no redirect is followed; nothing is sent before a Retry-After is over; requests end; a message names the key, ends with the
next step, and holds no secret, no HTML and no stack.
`;

export function renderMatrix(cells: readonly PlacedCell[]): string {
  const tables = MODES.map(
    (mode) => `## ${TITLES[mode]}\n\n${table(cells.filter((cell) => cell.mode === mode))}\n`,
  );
  return [LEGEND, ...tables].join("\n").trimEnd() + "\n";
}

function table(cells: readonly PlacedCell[]): string {
  const line = (entries: readonly string[]) => `| ${entries.join(" | ")} |`;
  const head = [
    line(["fault", ...VERB_COLUMNS.map(({ label }) => label)]),
    line(["---", ...VERB_COLUMNS.map(() => "---")]),
  ];
  const body = FAULT_ROWS.map((row) =>
    line([row.label, ...cells.filter((cell) => cell.row === row).map(textOf)]),
  );
  return [...head, ...body].join("\n");
}

function textOf(cell: PlacedCell): string {
  const { outcome, calls, account, problems } = cell;
  const marks = new Set(problems.map((problem) => `⚠ ${problem}`));
  return [outcome, calls, account, ...marks].join(" · ");
}
