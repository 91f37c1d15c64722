import type {
  CheckResult,
  ConfigureRequest,
  CreateResult,
  DiffResult,
  ReadResult,
  ResourceProvider,
  UpdateResult,
} from "@pulumi/pulumi/dynamic";
import type { Dependencies } from "../lifecycle/accountContext";
import { ProxyKeyProvider } from "../lifecycle/provider";
import { toEngineError } from "./engineErrors";
import { hostProblem } from "./hostVersion";

type Properties = Record<string, unknown>;

/** The provider in the form that the dynamic-provider host calls. The host adds `__provider` to all properties. */
export class DynamicProvider implements Required<ResourceProvider<Properties, Properties>> {
  readonly #lifecycle: ProxyKeyProvider;
  readonly #hostProblem: string | undefined;

  /** @param sdk the version of the host that calls. Absent: not known. */
  constructor(dependencies: Dependencies, sdk?: string) {
    this.#lifecycle = new ProxyKeyProvider(dependencies);
    this.#hostProblem = hostProblem(sdk);
  }

  /** How many operations the engine waits for. */
  get running(): number {
    return this.#lifecycle.running;
  }

  /** Synchronous up to its end: the host may call the verbs before the promise resolves. */
  configure({ config }: ConfigureRequest): Promise<void> {
    this.#lifecycle.configure((key) => config.get(key));
    return Promise.resolve();
  }

  check(state: Properties, inputs: Properties): Promise<CheckResult<Properties>> {
    const reason = this.#hostProblem;
    if (reason !== undefined) return Promise.resolve({ inputs, failures: [{ property: "", reason }] });
    return translated(inputs, this.#lifecycle.check(state, withoutCode(inputs)));
  }

  async diff(id: string, state: Properties, inputs: Properties): Promise<DiffResult> {
    const found = await translated(inputs, this.#lifecycle.diff(id, state, withoutCode(inputs)));
    const { changes, replaces, deleteBeforeReplace } = found;
    return { changes, replaces, deleteBeforeReplace };
  }

  create(inputs: Properties): Promise<CreateResult<Properties>> {
    return translated(inputs, this.#lifecycle.create(inputs));
  }

  async read(id: string, state: Properties = {}): Promise<ReadResult<Properties>> {
    if (this.#hostProblem !== undefined) throw toEngineError(new Error(this.#hostProblem), undefined);
    const found = await translated(state, this.#lifecycle.read(id, state));
    return found ?? GONE;
  }

  update(id: string, state: Properties, inputs: Properties): Promise<UpdateResult<Properties>> {
    return translated(inputs, this.#lifecycle.update(id, state, inputs));
  }

  delete(id: string, state: Properties): Promise<void> {
    return translated(state, this.#lifecycle.delete(id, state));
  }
}

/** An empty id: the engine drops the resource from the state. */
const GONE: ReadResult<never> = { id: "" };

function withoutCode({ __provider, ...properties }: Properties): Properties {
  return properties;
}

async function translated<T>({ __provider: code }: Properties, verb: Promise<T>): Promise<T> {
  try {
    return await verb;
  } catch (error) {
    throw toEngineError(error as Error, code);
  }
}
