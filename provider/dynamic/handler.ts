import "./requireNode";
import type { ResourceProvider } from "@pulumi/pulumi/dynamic";
import { endWithEngine } from "../lifecycle/run/endWithEngine";
import { engineAt } from "../lifecycle/run/engineLiveness";
import * as record from "../lifecycle/rotating/record";
import { keysOfRun, systemDependencies } from "../lifecycle/system";
import { DynamicProvider } from "./dynamicProvider";
import { silenceHostEcho } from "./hostLog";
import { hostVersion } from "./hostVersion";

/**
 * FROZEN CONTRACT: `pulumi-electronhub/handler` and the names of its exports. The provider code in every state loads the
 * installed version by them. Add names; never rename or remove one.
 */

/** The host's first argument is the engine's address. Undefined in other processes. */
const [, hostScript, engineAddress] = process.argv;
const engine = engineAt(engineAddress);
const engineGone = new AbortController();

// One per process: all resources share the account's rate limit and its list of keys.
const report = (line: string) => process.stdout.write(`${line}\n`);
const dependencies = systemDependencies(report);
const provider = new DynamicProvider(
  {
    ...dependencies,
    engine,
    signal: engineGone.signal,
    keysOfRun: keysOfRun(engine && engineAddress, report),
  },
  hostVersion(hostScript),
);

silenceHostEcho(console);

if (engine !== undefined) {
  endWithEngine({
    engine,
    transport: dependencies.transport,
    stop: (reason) => engineGone.abort(reason),
    running: () => provider.running,
  });
}

type Verb<K extends keyof ResourceProvider> = NonNullable<ResourceProvider[K]>;

export const configure: Verb<"configure"> = provider.configure.bind(provider);
export const check: Verb<"check"> = provider.check.bind(provider);
export const diff: Verb<"diff"> = provider.diff.bind(provider);
export const create: Verb<"create"> = provider.create.bind(provider);
export const read: Verb<"read"> = provider.read.bind(provider);
export const update: Verb<"update"> = provider.update.bind(provider);
const remove: Verb<"delete"> = provider.delete.bind(provider);
export { remove as delete };

/** The verbs of a `RotatingProxyKey`'s records. The host passes plain objects, so that no user sees the types of records. */
interface RecordVerbs {
  check(stored: object, declared: object): { inputs: object };
  diff(id: string, stored: object, declared: object): { changes: boolean };
  create(inputs: object): { id: string; outs: object };
  read(id: string, properties: object): { id: string; props: object; inputs: object };
  update(id: string, stored: object, declared: object): { outs: object };
}

/** The provider of a `RotatingProxyKey`'s records. */
export const rotation: RecordVerbs = {
  ...record,
  check: (stored: record.Held & record.Nested, declared: record.Declared) => {
    const { note, inputs } = record.check(stored, declared);
    if (note !== undefined) report(note);
    return { inputs };
  },
};
