import { EngineError } from "../../provider/dynamic/engineErrors";
import type { Transport } from "../../provider/api/transport";
import { SMALL_CAP_BYTES, type FaultRow } from "./faults";
import { failureKind, messageFlaws } from "./messages";
import { BYSTANDER, openScene, refusingTransport, type Properties, type Scene } from "./fixture";
import { KEY_NAME, type Resource, type VerbColumn, type VerbResult } from "./verbs";

/** How often a fault strikes: the verb's own call once, that call every time, or every call there is. */
export type Mode = "once" | "call" | "api";

/** What one verb made of one fault. */
export interface Cell {
  readonly outcome: string;
  /** Every request, in order. */
  readonly calls: string;
  /** What the account holds of it in the end. */
  readonly account: string;
  /** Broken invariants; none in a sound cell. */
  readonly problems: readonly string[];
}

type Verdict =
  | ({ readonly kind: "success" } & VerbResult)
  | { readonly kind: "failure"; readonly message: string }
  /** The engine saves the resource, with an initialization error. */
  | { readonly kind: "saved"; readonly message: string; readonly outs: Properties };

/** Milliseconds within which the simulator surely answers where it does not hang, also on a busy machine. */
const HEALTHY_ANSWER_MS = 1_400;

/** More requests than any sound verb sends. */
const MAX_REQUESTS = 150;

export async function runCell(row: FaultRow, column: VerbColumn, mode: Mode): Promise<Cell> {
  const scene = await openScene();
  try {
    const resource = await makeResource(scene, column);
    column.arrange?.(scene);
    if (row.gone && column.exists) scene.account.removeKey(KEY_NAME);
    scene.simulator.clearJournal();
    const transport = faultyTransport(scene, row, column, mode);
    const verdict = await verdictOf(() => column.run(scene.newProcess(transport), resource));
    const isEndless = transport.sent.length > MAX_REQUESTS;
    return {
      outcome: isEndless ? "✗ never ends" : outcomeOf(verdict),
      calls: compressed(transport.sent).replace(/\d+$/, (count) => (isEndless ? "∞" : count)),
      account: accountOf(scene, column),
      problems: [
        ...(isEndless ? ["requests without end"] : problemsOf(scene, row, column, resource, verdict)),
        ...earlyRequests(row, transport.answered),
      ],
    };
  } finally {
    await scene.close();
  }
}

async function makeResource(scene: Scene, column: VerbColumn): Promise<Resource> {
  const process = scene.newProcess(scene.newTransport());
  const declared = { budget: 10, __resourceName: KEY_NAME, ...column.inputs };
  const { inputs = {} } = await process.check({}, declared);
  if (!column.exists) return { id: "", outs: {}, inputs };
  const { id, outs } = await process.create(inputs);
  return { id, outs: outs as Properties, inputs };
}

interface RecordingTransport extends Transport {
  /** The last segments of the paths of all requests. */
  readonly sent: string[];
  /** Status and clock of every answer. */
  readonly answered: { status: number; atMs: number; sentMs: number }[];
}

function faultyTransport(scene: Scene, row: FaultRow, column: VerbColumn, mode: Mode): RecordingTransport {
  const times = mode === "once" ? 1 : Infinity;
  const on = mode === "api" ? {} : { path: column.path };
  let inner = scene.newTransport({
    ...(row.hangs ? { answerTimeoutMs: mode === "api" ? 100 : HEALTHY_ANSWER_MS } : {}),
    ...(row.small ? { maxBodyBytes: SMALL_CAP_BYTES } : {}),
  });
  if (row.refused) {
    inner = refusingTransport(inner, {
      times,
      matches: (path) => on.path === undefined || on.path === path,
    });
  }
  if (row.effect) scene.simulator.inject(Object.assign(row.effect(scene), { times, on }));
  const sent: string[] = [];
  const answered: RecordingTransport["answered"] = [];
  return {
    sent,
    answered,
    async send(request, signal) {
      sent.push(request.url.pathname.replace("/v1/auth/", ""));
      if (sent.length > MAX_REQUESTS) throw new Error("Too many requests.");
      const sentMs = scene.clock.nowMs();
      const answer = await inner.send(request, signal);
      answered.push({ status: answer.status, atMs: scene.clock.nowMs(), sentMs });
      return answer;
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
  if (verdict.kind === "success") return verdict.said === "gone" ? "GONE" : "ok";
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

function accountOf(scene: Scene, column: VerbColumn): string {
  const count = ownKeys(scene).length;
  const keys = count === 0 ? "no key" : count === 1 ? "key" : `${count} keys`;
  const effect = count === 1 ? column.effect?.(scene) : undefined;
  return effect ? `${keys} ${effect}` : keys;
}

function ownKeys({ account }: Scene) {
  return account.keys().filter(({ name }) => name !== BYSTANDER);
}

/** The invariants that hold in every cell, whatever the table says. */
function problemsOf(
  scene: Scene,
  row: FaultRow,
  column: VerbColumn,
  { outs }: Resource,
  verdict: Verdict,
): string[] {
  const problems: string[] = [];
  const own = ownKeys(scene);
  const deletes = column.label.startsWith("delete");
  const disables = column.inputs["onDestroy"] === "disable";
  const creates = column.label.startsWith("create");
  const isThere = own.some(({ key }) => key === outs["key"]);

  if (verdict.kind === "success") {
    if (deletes && !disables && isThere) problems.push("said deleted, but the key is there");
    if (disables && own.some(({ isActive }) => isActive)) problems.push("said disabled, but the key is on");
    if (verdict.said === "gone" && isThere) problems.push("dropped a key that is there");
    if (column.label === "update enabled" && own.some(({ isActive }) => isActive))
      problems.push("said updated, but the key is on");
    if (column.label === "update settings" && own[0]?.allocatedAmount !== 20)
      problems.push("said updated, but the settings are old");
    if (column.inputs["budgetWindow"] === "weekly" && own[0]?.limitType !== "weekly")
      problems.push("said created, but the window is daily");
  }
  if (row.sound && verdict.kind !== "success") problems.push("failed without a fault");
  if (creates) {
    if (own.length > 1) problems.push("two keys");
    const key = verdict.kind === "failure" ? undefined : verdict.outs?.["key"];
    if (verdict.kind !== "failure" && !own.some((candidate) => candidate.key === key))
      problems.push("the state's key is not on the account");
    if (verdict.kind === "failure" && own.length > 0 && !/on the account/.test(verdict.message))
      problems.push("a key is left that nobody is told of");
  } else if (!deletes && !row.gone && !isThere) {
    problems.push("the key is lost");
  }
  if (!scene.account.findKey(BYSTANDER)?.isActive) problems.push("another key was touched");
  problems.push(...scene.simulator.violations.map(({ kind }) => `violation: ${kind}`));
  if (scene.simulator.journal.some(({ path }) => path.includes("elsewhere")))
    problems.push("followed a redirect");
  if (verdict.kind !== "success") {
    const secrets = [scene.account.apiKey, ...scene.account.keys().map(({ key }) => key)];
    const names = [own[0]?.name, typeof outs["name"] === "string" ? outs["name"] : KEY_NAME].filter(
      (name) => name !== undefined,
    );
    problems.push(...messageFlaws(verdict.message, { secrets, names }));
  }
  return problems;
}

/** Requests that went out although the answer before had asked for more time. */
function earlyRequests({ waitMs = 0 }: FaultRow, answered: RecordingTransport["answered"]): string[] {
  const early = answered.some(({ status, atMs }, index) => {
    const next = answered[index + 1];
    return (status === 429 || status === 503) && next !== undefined && next.sentMs < atMs + waitMs;
  });
  return early ? ["came back before Retry-After"] : [];
}
