import { EngineError } from "../../provider/dynamic/engineErrors";
import type { Transport } from "../../provider/api/transport";
import { SMALL_CAP_BYTES, type FaultRow } from "./faults";
import { failureKind, messageFlaws } from "./messages";
import { BYSTANDER, createFixture, refusingTransport, type Properties, type MatrixFixture } from "./fixture";
import { KEY_NAME, type Resource, type VerbColumn, type VerbResult } from "./verbs";

/** Which requests a fault hits: the verb's own request once, that request every time, or every request. */
export type Mode = "once" | "call" | "api";

/** The result of one verb with one fault. */
export interface Cell {
  readonly outcome: string;
  /** Every request, in order. */
  readonly calls: string;
  /** The account's content at the end. */
  readonly account: string;
  /** Broken invariants. Empty in a sound cell. */
  readonly problems: readonly string[];
}

type Verdict =
  | ({ readonly kind: "success" } & VerbResult)
  | { readonly kind: "failure"; readonly message: string }
  /** The engine saves the resource, with an initialization error. */
  | { readonly kind: "saved"; readonly message: string; readonly outs: Properties };

/** Longer than the simulator needs for a response on a busy machine. */
const HEALTHY_ANSWER_MS = 1_400;

/** More requests than any sound verb sends. */
const MAX_REQUESTS = 150;

export async function runCell(row: FaultRow, column: VerbColumn, mode: Mode): Promise<Cell> {
  const fixture = await createFixture();
  try {
    const resource = await makeResource(fixture, column);
    column.arrange?.(fixture);
    if (row.gone && column.exists) fixture.account.removeKey(KEY_NAME);
    fixture.simulator.clearJournal();
    const transport = faultyTransport(fixture, row, column, mode);
    const verdict = await verdictOf(() => column.run(fixture.newProcess(transport), resource));
    const isEndless = transport.sent.length > MAX_REQUESTS;
    return {
      outcome: isEndless ? "✗ never ends" : outcomeOf(verdict),
      calls: compressed(transport.sent).replace(/\d+$/, (count) => (isEndless ? "∞" : count)),
      account: accountOf(fixture, column),
      problems: [
        ...(isEndless ? ["requests without end"] : problemsOf(fixture, row, column, resource, verdict)),
        ...earlyRequests(row, transport.responses),
      ],
    };
  } finally {
    await fixture.close();
  }
}

async function makeResource(fixture: MatrixFixture, column: VerbColumn): Promise<Resource> {
  const process = fixture.newProcess(fixture.newTransport());
  const declared = { budget: 10, __resourceName: KEY_NAME, ...column.inputs };
  const { inputs = {} } = await process.check({}, declared);
  if (!column.exists) return { id: "", outs: {}, inputs };
  const { id, outs } = await process.create(inputs);
  return { id, outs: outs as Properties, inputs };
}

interface RecordingTransport extends Transport {
  /** The last segments of the paths of all requests. */
  readonly sent: string[];
  /** Status and time of every response. */
  readonly responses: { status: number; atMs: number; sentMs: number }[];
}

function faultyTransport(
  fixture: MatrixFixture,
  row: FaultRow,
  column: VerbColumn,
  mode: Mode,
): RecordingTransport {
  const times = mode === "once" ? 1 : Infinity;
  const on = mode === "api" ? {} : { path: column.path };
  let inner = fixture.newTransport({
    ...(row.hangs ? { responseTimeoutMs: mode === "api" ? 100 : HEALTHY_ANSWER_MS } : {}),
    ...(row.small ? { maxBodyBytes: SMALL_CAP_BYTES } : {}),
  });
  if (row.refused) {
    inner = refusingTransport(inner, {
      times,
      matches: (path) => on.path === undefined || on.path === path,
    });
  }
  if (row.effect) fixture.simulator.inject(Object.assign(row.effect(fixture), { times, on }));
  const sent: string[] = [];
  const responses: RecordingTransport["responses"] = [];
  return {
    sent,
    responses,
    async send(request, signal) {
      sent.push(request.url.pathname.replace("/v1/auth/", ""));
      if (sent.length > MAX_REQUESTS) throw new Error("Too many requests.");
      const sentMs = fixture.clock.nowMs();
      const response = await inner.send(request, signal);
      responses.push({ status: response.status, atMs: fixture.clock.nowMs(), sentMs });
      return response;
    },
    close: () => inner.close(),
  };
}

async function verdictOf(run: () => Promise<VerbResult>): Promise<Verdict> {
  try {
    return { kind: "success", ...(await run()) };
  } catch (error) {
    if (error instanceof EngineError) return { kind: "failure", message: error.message };
    const saved = error as { id?: string; properties?: Properties; reasons?: string[] };
    if (!saved.id || !saved.properties || !saved.reasons) throw error;
    return { kind: "saved", message: saved.reasons.join("\n"), outs: saved.properties };
  }
}

function outcomeOf(verdict: Verdict): string {
  if (verdict.kind === "success") return verdict.result === "gone" ? "GONE" : "ok";
  const kind = failureKind(verdict.message);
  return verdict.kind === "saved" ? `saved: ${kind}` : `✗ ${kind}`;
}

const LETTERS: Record<string, string> = {
  "proxy/create": "C",
  proxy: "L",
  "proxy/lookup": "K",
  "proxy/update": "U",
  "proxy/toggle": "T",
  "proxy/remove": "R",
};

/** `R×3 L`, or with a repeated pair `(T K)×3`. */
function compressed(sent: readonly string[]): string {
  const letters = sent.map((path) => LETTERS[path] ?? `?${path}`);
  const text = letters.slice(0, MAX_REQUESTS).join(" ");
  return text
    .replace(/\b(\w \w)(?: \1){2,}\b/g, (run, pair: string) =>
      pair[0] === pair[2] ? run : `(${pair})×${(run.length + 1) / (pair.length + 1)}`,
    )
    .replace(
      /(?<![(\w])(\w)(?: \1)+(?![)\w])/g,
      (run, letter: string) => `${letter}×${(run.length + 1) / 2}`,
    );
}

function accountOf(fixture: MatrixFixture, column: VerbColumn): string {
  const count = ownKeys(fixture).length;
  const keys = count === 0 ? "no key" : count === 1 ? "key" : `${count} keys`;
  const effect = count === 1 ? column.effect?.(fixture) : undefined;
  return effect ? `${keys} ${effect}` : keys;
}

function ownKeys({ account }: MatrixFixture) {
  return account.keys().filter(({ name }) => name !== BYSTANDER);
}

/** Checks the invariants of every cell. */
function problemsOf(
  fixture: MatrixFixture,
  row: FaultRow,
  column: VerbColumn,
  { outs }: Resource,
  verdict: Verdict,
): string[] {
  const problems: string[] = [];
  const own = ownKeys(fixture);
  const deletes = column.label.startsWith("delete");
  const disables = column.inputs["onDestroy"] === "disable";
  const creates = column.label.startsWith("create");
  const isThere = own.some(({ key }) => key === outs["key"]);

  if (verdict.kind === "success") {
    if (deletes && !disables && isThere) problems.push("reported as deleted, but the key exists");
    if (disables && own.some(({ isActive }) => isActive))
      problems.push("reported as disabled, but the key is enabled");
    if (verdict.result === "gone" && isThere) problems.push("dropped an existing key");
    if (column.label === "update enabled" && own.some(({ isActive }) => isActive))
      problems.push("reported as updated, but the key is enabled");
    if (column.label === "update settings" && own[0]?.allocatedAmount !== 20)
      problems.push("reported as updated, but the settings are old");
    if (column.inputs["budgetWindow"] === "weekly" && own[0]?.limitType !== "weekly")
      problems.push("reported as created, but the window is daily");
  }
  if (row.sound && verdict.kind !== "success") problems.push("failed without a fault");
  if (creates) {
    if (own.length > 1) problems.push("two keys");
    const key = verdict.kind === "failure" ? undefined : verdict.outs?.["key"];
    if (verdict.kind !== "failure" && !own.some((candidate) => candidate.key === key))
      problems.push("the state's key is not on the account");
    if (verdict.kind === "failure" && own.length > 0 && !/on the account/.test(verdict.message))
      problems.push("a key is left without a message");
  } else if (!deletes && !row.gone && !isThere) {
    problems.push("the key is lost");
  }
  if (!fixture.account.findKey(BYSTANDER)?.isActive) problems.push("another key was touched");
  problems.push(...fixture.simulator.violations.map(({ kind }) => `violation: ${kind}`));
  if (fixture.simulator.journal.some(({ path }) => path.includes("elsewhere")))
    problems.push("followed a redirect");
  if (verdict.kind !== "success") {
    const secrets = [fixture.account.apiKey, ...fixture.account.keys().map(({ key }) => key)];
    const names = [own[0]?.name, typeof outs["name"] === "string" ? outs["name"] : KEY_NAME].filter(
      (name) => name !== undefined,
    );
    problems.push(...messageFlaws(verdict.message, { secrets, names }));
  }
  return problems;
}

/** Requests that were sent before the Retry-After of the previous response. */
function earlyRequests({ waitMs = 0 }: FaultRow, responses: RecordingTransport["responses"]): string[] {
  const early = responses.some(({ status, atMs }, index) => {
    const next = responses[index + 1];
    return (status === 429 || status === 503) && next !== undefined && next.sentMs < atMs + waitMs;
  });
  return early ? ["came back before Retry-After"] : [];
}
