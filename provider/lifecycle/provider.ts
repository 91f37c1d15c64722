import { randomUUID } from "node:crypto";
import { isWholeKey } from "../api/wire";
import { readOptions, readSettings, secretsOf, type SettingSources } from "../config";
import { sortedJson } from "../util/sortedJson";
import { isUserError } from "../util/userError";
import { isShared, sharedKeyError, wireSettings } from "./adopt";
import { withAuditLog, type Done } from "./auditLog";
import { budgetNote } from "./budgetNote";
import { check, type CheckResult } from "./check";
import { create, type CreateResult } from "./create";
import { remove } from "./delete";
import { diff, type DiffResult } from "./diff";
import { failureOf, type Action, type KeyLabel } from "./failures";
import { CreationInFlight } from "./creations/creationInFlight";
import { internalInputsOf, parseDeclared, type Declared, type Properties } from "./schema/inputs";
import { read, type ReadResult } from "./read";
import {
  accountNameOf,
  AccountContexts,
  type Dependencies,
  type Limits,
  type Operation,
} from "./accountContext";
import { fingerprintOf, parseStored, type Stored } from "./schema/state";
import { update, type UpdateResult } from "./update";

/** The verbs of an engine, for all resources of a plugin process. They throw OperationError and PartialFailure. */
export class ProxyKeyProvider {
  readonly #dependencies: Dependencies;
  readonly #accounts: AccountContexts;
  /** Every API key and password that was used, to redact it in messages. */
  readonly #secrets = new Set<string>();
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

  nowMs(): number {
    return this.#dependencies.clock.nowMs();
  }

  /** A preview needs none. */
  get hasApiKey(): boolean {
    return this.#options().account !== undefined;
  }

  /** Operations in progress. */
  get running(): number {
    return this.#running;
  }

  /** @param stackSetting reads the stack's configuration, such as `electronhub:apiKey`. */
  configure(stackSetting: (key: string) => string | undefined): void {
    this.#stackSetting = stackSetting;
  }

  /** @param randomBytes for a generated name. Default: those of the process. */
  check(
    state: Properties,
    inputs: Properties,
    randomBytes = this.#dependencies.randomBytes,
  ): Promise<CheckResult> {
    const { __stack: stack } = internalInputsOf(inputs);
    if (stack !== undefined) this.#stack = stack;
    const { name } = inputs;
    const label = typeof name === "string" ? { name } : {};
    return this.#run("check", label, {
      pure: () => this.#check(parseStored(state), inputs, randomBytes),
    });
  }

  diff(id: string, state: Properties, inputs: Properties): Promise<DiffResult> {
    const declared = parseDeclared(inputs);
    const label = { name: declared.name, fingerprint: id };
    return this.#run("compare", label, {
      pure: () => this.#diff(id, parseStored(state), declared, this.#checked.has(declarationOf(inputs))),
    });
  }

  create(inputs: Properties, limits: Limits = {}): Promise<CreateResult> {
    const declared = parseDeclared(inputs);
    const { adopt, name, __createdAs: createdAs } = declared;
    const isAdoption = typeof adopt === "string";
    const label = isAdoption
      ? { name, key: adopt, fingerprint: fingerprintOf(adopt) }
      : { name: name ?? createdAs };
    const inFlight = new CreationInFlight({ journal: this.#dependencies.creations, stack: this.#stack });
    const created = this.#run(isAdoption ? "adopt" : "create", label, {
      verb: (operation) => create(declared, operation, inFlight),
      ...limits,
    });
    // The result goes to the engine after its lines: until then a process that is killed has delivered nothing.
    return inFlight.handOver(this.#reported(created));
  }

  /** @returns undefined when the key does not exist. */
  read(id: string, state: Properties, limits: Limits = {}): Promise<ReadResult | undefined> {
    const stored = parseStored(state);
    const label = { ...stored, fingerprint: id };
    return this.#run("read", label, { verb: (operation) => read(id, stored, operation), ...limits });
  }

  update(id: string, state: Properties, inputs: Properties, limits: Limits = {}): Promise<UpdateResult> {
    const stored = parseStored(state);
    const declared = parseDeclared(inputs);
    const label = { ...stored, fingerprint: id };
    return this.#run("update", label, {
      verb: (operation) => update(id, stored, declared, operation),
      ...limits,
    });
  }

  delete(id: string, state: Properties, limits: Limits = {}): Promise<void> {
    const stored = parseStored(state);
    const label = { ...stored, fingerprint: id };
    return this.#run("delete", label, { verb: (operation) => remove(id, stored, operation), ...limits });
  }

  async #reported<T>(outcome: Promise<T>): Promise<T> {
    try {
      return await outcome;
    } finally {
      await this.#dependencies.reported?.();
    }
  }

  /** Begins an operation, runs the verb with the audit log, and words its failure. */
  async #run<T>(action: Action, label: KeyLabel, work: Work<T>): Promise<T> {
    this.#running++;
    try {
      if ("pure" in work) return work.pure();
      return (await withAuditLog(action, label, this.begin(work), work.verb)).result;
    } catch (error) {
      if (action !== "delete" && action !== "read") this.#accounts.keys.operationFailed();
      throw failureOf(action, label, error, [...this.#secrets]);
    } finally {
      this.#running--;
    }
  }

  #check(stored: Stored, declared: Properties, randomBytes: RandomBytes): CheckResult {
    const checked = this.#validated(stored, declared, randomBytes);
    if (checked.failures !== undefined) this.#accounts.keys.operationFailed();
    return checked;
  }

  #validated(stored: Stored, declared: Properties, randomBytes: RandomBytes): CheckResult {
    const { clock, report } = this.#dependencies;
    const { account, reason } = this.#options();
    // Without a property: the engine prints the value of a property that it is given.
    if (reason !== undefined) return { inputs: declared, failures: [{ property: "", reason }] };
    const context = { nowMs: clock.nowMs(), randomBytes, account };
    const { note, ...result } = check(stored, declared, context);
    if (result.failures !== undefined) return result;
    for (const line of [note, budgetNote(stored, declared)]) if (line !== undefined) report?.(line);
    return this.#declareAdoption(declared, result);
  }

  #diff(id: string, stored: Stored, declared: Declared, isChecked: boolean): DiffResult {
    const result = diff(stored, declared);
    // A comparison without a check is part of a refresh, so the resource may not be declared.
    if (isChecked && result.replaces.length === 0) this.#keep(id, stored, declared);
    return this.#accounts.unsettledKeys.isOpen(id) ? { ...result, changes: true } : result;
  }

  /** Records the adoption that a resource declares, for deletions and other adoptions of the run. */
  #declareAdoption(declared: Properties, result: CheckResult): CheckResult {
    const { __urn: urn, __resourceName: name } = internalInputsOf(declared);
    const { adopt } = declared;
    this.#checked.add(declarationOf(result.inputs));
    if (!isWholeKey(adopt)) return result;
    const { keys } = this.#accounts;
    const fingerprint = fingerprintOf(adopt);
    // The option `ignoreChanges: ["*"]` hides which resource it is. The engine checks such a resource once.
    keys.declareAdoption(fingerprint, urn ?? name ?? randomUUID());
    if (!isShared(fingerprint, keys)) return result;
    const reason = `adopt names a key (${fingerprint}) that another resource of this program has or adopts as well; declare each key in one resource only`;
    // Without a property: the engine prints the value of a property that it is given.
    return { ...result, failures: [{ property: "", reason }] };
  }

  /** Records that a declared resource keeps its key. */
  #keep(id: string, stored: Stored, declared: Declared): void {
    const { keys } = this.#accounts;
    if (declared.adopt !== undefined && declared.adopt === stored.key) {
      keys.adopted(id);
      return;
    }
    const { __createdAs: by } = stored;
    const holder = keys.holder(id);
    keys.holds(id, { by, declared: wireSettings(declared, declared.name ?? stored.name) });
    // The engine may have checked or compared the other resource first.
    const isHeldByAnother = holder !== undefined && holder.by !== by;
    if (isHeldByAnother || keys.adoption(id) !== undefined) throw sharedKeyError();
  }

  get #sources(): SettingSources {
    return { stack: this.#stackSetting, environment: this.#dependencies.environment };
  }

  /** The account, if an API key is known, or why a setting is refused. A preview needs no API key. */
  #options(): { account?: string; reason?: string } {
    try {
      const { apiKey, baseUrl } = readOptions(this.#sources);
      return apiKey === undefined ? {} : { account: accountNameOf({ apiKey, baseUrl }) };
    } catch (error) {
      if (!isUserError(error)) throw error;
      return { reason: `${error.why} ${error.nextStep}` };
    }
  }

  /**
   * Begins an operation on the account of the settings.
   *
   * @throws ConfigurationError for settings that are missing or malformed.
   */
  begin(limits: Limits = {}): Operation {
    const settings = readSettings(this.#sources);
    for (const secret of secretsOf(settings)) this.#secrets.add(secret);
    return this.#accounts.begin(settings, limits);
  }
}

type RandomBytes = Dependencies["randomBytes"];

/** What a verb does: `pure` sends nothing and needs no settings. */
type Work<T> = { pure: () => T } | ({ verb: (operation: Operation) => Promise<Done<T>> } & Limits);

/** Inputs as text, without what a host may compute again between check and diff. */
function declarationOf({ __account, __renewal, expiresAt, ...inputs }: Properties): string {
  return sortedJson(inputs["expiresIn"] === undefined ? { ...inputs, expiresAt } : inputs);
}
