import { isWholeKey } from "../api/wire";
import { readSettings, type Settings } from "../config";
import { declaredSettings, isShared, sharedKeyError } from "./adopt";
import { withAuditLog, type Done } from "./auditLog";
import { check, type CheckResult } from "./check";
import { create, type CreateResult } from "./create";
import { remove } from "./delete";
import { diff, type DiffResult } from "./diff";
import { failureOf, type Action, type KeyLabel } from "./failures";
import { CreationInFlight } from "./creations/creationInFlight";
import type { InternalInputs } from "./schema/inputs";
import { read, type ReadResult } from "./read";
import { accountNameOf, AccountContexts, type Dependencies, type Operation } from "./accountContext";
import { fingerprintOf } from "./schema/state";
import { update, type UpdateResult } from "./update";

type Properties = Record<string, unknown>;

/** The verbs of an engine, for all resources of a plugin process. They throw OperationError and PartialFailure. */
export class ProxyKeyProvider {
  readonly #dependencies: Dependencies;
  readonly #accounts: AccountContexts;
  /** Every API key that was used, to redact it in messages. */
  readonly #apiKeys = new Set<string>();
  /** The inputs of the declared resources, as check has returned them, as text. */
  readonly #checked = new Set<string>();
  #running = 0;
  /** A plugin process works for one stack. Only `check` receives its name. */
  #stack: string | undefined;
  #stackSetting: (key: string) => string | undefined = () => undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#accounts = new AccountContexts(dependencies);
  }

  /** Operations in progress. */
  get running(): number {
    return this.#running;
  }

  /** @param stackSetting reads the stack's configuration, such as `electronhub:apiKey`. */
  configure(stackSetting: (key: string) => string | undefined): void {
    this.#stackSetting = stackSetting;
  }

  check(olds: Properties, news: Properties): Promise<CheckResult> {
    const { __stack: stack } = news as InternalInputs;
    if (typeof stack === "string") this.#stack = stack;
    return this.#run("check", news, { pure: () => this.#check(olds, news) });
  }

  diff(id: string, olds: Properties, news: Properties): Promise<DiffResult> {
    return this.#run("compare", { ...news, fingerprint: id }, { pure: () => this.#diff(id, olds, news) });
  }

  create(inputs: Properties): Promise<CreateResult> {
    const { adopt, name, __createdAs: createdAs } = inputs;
    const isAdoption = typeof adopt === "string";
    const label = isAdoption
      ? { ...inputs, key: adopt, fingerprint: fingerprintOf(adopt) }
      : { ...inputs, name: name ?? createdAs };
    const inFlight = new CreationInFlight({ journal: this.#dependencies.creations, stack: this.#stack });
    const created = this.#run(isAdoption ? "adopt" : "create", label, {
      verb: (operation) => create(inputs, operation, inFlight),
    });
    return inFlight.handOver(created);
  }

  /** @returns undefined when the key does not exist. */
  read(id: string, properties: Properties): Promise<ReadResult | undefined> {
    const label = { ...properties, fingerprint: id };
    return this.#run("read", label, { verb: (operation) => read(id, properties, operation) });
  }

  update(id: string, olds: Properties, news: Properties): Promise<UpdateResult> {
    const label = { key: olds["key"], name: olds["name"], fingerprint: id };
    return this.#run("update", label, { verb: (operation) => update(id, olds, news, operation) });
  }

  delete(id: string, properties: Properties): Promise<void> {
    const label = { ...properties, fingerprint: id };
    return this.#run("delete", label, { verb: (operation) => remove(id, properties, operation) });
  }

  /** Begins an operation, runs the verb with the audit log, and words its failure. */
  async #run<T>(action: Action, label: KeyLabel, work: Work<T>): Promise<T> {
    this.#running++;
    try {
      if ("pure" in work) return work.pure();
      return (await withAuditLog(action, label, this.#begin(), work.verb)).result;
    } catch (error) {
      if (action !== "delete" && action !== "read") this.#accounts.keys.operationFailed();
      throw failureOf(action, label, error, [...this.#apiKeys]);
    } finally {
      this.#running--;
    }
  }

  #check(olds: Properties, news: Properties): CheckResult {
    const { clock, randomBytes, report } = this.#dependencies;
    const context = { nowMs: clock.nowMs(), randomBytes, account: this.#account() };
    const { note, ...result } = check(olds, news, context);
    if (note !== undefined) report?.(note);
    const checked = result.failures === undefined ? this.#declared(news, result) : result;
    if (checked.failures !== undefined) this.#accounts.keys.operationFailed();
    return checked;
  }

  #diff(id: string, olds: Properties, news: Properties): DiffResult {
    const result = diff(olds, news);
    if (result.replaces.length === 0) this.#keeps(id, olds, news);
    return this.#accounts.unsettledKeys.isOpen(id) ? { ...result, changes: true } : result;
  }

  /** Records the adoption that a resource declares, for deletions and other adoptions of the run. */
  #declared(news: Properties, result: CheckResult): CheckResult {
    const { adopt, __urn: urn, __resourceName: name } = news;
    this.#checked.add(textOf(result.inputs ?? {}));
    if (typeof adopt !== "string" || !isWholeKey(adopt)) return result;
    const { keys } = this.#accounts;
    const fingerprint = fingerprintOf(adopt);
    keys.declareAdoption(fingerprint, typeof urn === "string" ? urn : String(name));
    if (!isShared(fingerprint, keys)) return result;
    const reason = `adopt names a key (${fingerprint}) that another resource of this program has or adopts as well; declare each key in one resource only`;
    // Without a property: the engine prints the value of a property that it is given.
    return { ...result, failures: [{ property: "", reason }] };
  }

  /** Records that a declared resource keeps its key. A diff without a check is of a refresh, so the resource may not be declared. */
  #keeps(id: string, olds: Properties, news: Properties): void {
    const { keys } = this.#accounts;
    if (!this.#checked.has(textOf(news))) return;
    if (news["adopt"] !== undefined && news["adopt"] === olds["key"]) {
      keys.adopted(id);
      return;
    }
    const { __createdAs: createdAs } = olds as InternalInputs;
    const holder = keys.holder(id);
    keys.holds(id, {
      by: createdAs,
      declared: declaredSettings({ ...news, name: news["name"] ?? olds["name"] }),
    });
    // The engine may have checked or compared the other resource first.
    const isHeldByAnother = holder !== undefined && holder.by !== createdAs;
    if (isHeldByAnother || keys.adoption(id) !== undefined) throw sharedKeyError();
  }

  #settings(): Settings {
    return readSettings({ stack: this.#stackSetting, environment: this.#dependencies.environment });
  }

  /** Undefined if the settings are invalid: the first verb that needs them reports it. */
  #account(): string | undefined {
    try {
      return accountNameOf(this.#settings());
    } catch {
      return undefined;
    }
  }

  #begin(): Operation {
    const settings = this.#settings();
    this.#apiKeys.add(settings.apiKey);
    return this.#accounts.begin(settings);
  }
}

/** What a verb does: `pure` sends nothing and needs no settings. */
type Work<T> = { pure: () => T } | { verb: (operation: Operation) => Promise<Done<T>> };

/** One text for equal inputs, whatever their order. */
function textOf(inputs: Properties): string {
  return JSON.stringify(inputs, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
