import type {
  CheckResult,
  ConfigureRequest,
  CreateResult,
  DiffResult,
  ReadResult,
  ResourceProvider,
  UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { readSettings } from "../config";
import { check } from "./check";
import { create } from "./create";
import { remove } from "./delete";
import { diff } from "./diff";
import { toEngineError, type Action, type Subject } from "./failures";
import { read } from "./read";
import { Sessions, type Dependencies, type Operation } from "./session";
import { update } from "./update";

type Properties = Record<string, unknown>;

/** What the engine asks of us, for all resources of a plugin process. */
export class Lifecycle implements Required<ResourceProvider<Properties, Properties>> {
  readonly #dependencies: Dependencies;
  readonly #sessions: Sessions;
  #stackSetting: (key: string) => string | undefined = () => undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#sessions = new Sessions(dependencies);
  }

  /** Takes the configuration before anything is awaited: the host may call the verbs before this has resolved. */
  configure({ config }: ConfigureRequest): Promise<void> {
    this.#stackSetting = (key) => config.get(key);
    return Promise.resolve();
  }

  check(olds: Properties, news: Properties): Promise<CheckResult<Properties>> {
    return this.#guard("check", news, news, () => {
      const { clock, randomBytes } = this.#dependencies;
      return check(olds, news, { nowMs: clock.nowMs(), randomBytes });
    });
  }

  diff(id: string, olds: Properties, news: Properties): Promise<DiffResult> {
    return this.#guard("compare", { ...news, fingerprint: id }, news, () => diff(olds, news));
  }

  create(inputs: Properties): Promise<CreateResult<Properties>> {
    return this.#guard("create", inputs, inputs, () => create(inputs, this.#begin()));
  }

  read(id: string, properties: Properties = {}): Promise<ReadResult<Properties>> {
    return this.#guard("read", { ...properties, fingerprint: id }, properties, () =>
      read(id, properties, this.#begin()),
    );
  }

  update(id: string, olds: Properties, news: Properties): Promise<UpdateResult<Properties>> {
    const subject = { key: olds["key"], name: olds["name"], fingerprint: id };
    return this.#guard("update", subject, news, () => update(id, olds, news, this.#begin()));
  }

  delete(id: string, properties: Properties): Promise<void> {
    return this.#guard("delete", { ...properties, fingerprint: id }, properties, () =>
      remove(id, properties, this.#begin()),
    );
  }

  #begin(): Operation {
    const { environment } = this.#dependencies;
    return this.#sessions.begin(readSettings({ stack: this.#stackSetting, environment }));
  }

  async #guard<T>(
    action: Action,
    subject: Subject,
    properties: Properties,
    verb: () => T | Promise<T>,
  ): Promise<T> {
    try {
      return await verb();
    } catch (error) {
      throw toEngineError(action, subject, error, properties);
    }
  }
}
