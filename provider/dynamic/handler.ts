import type { ResourceProvider } from "@pulumi/pulumi/dynamic";
import { EngineGoneError, engineAt, watchEngine } from "../lifecycle/engineLiveness";
import * as rotation from "../lifecycle/rotation";
import { keysOfRun, systemDependencies } from "../lifecycle/system";
import { DynamicProvider } from "./dynamicProvider";
import { silenceHostEcho } from "./hostLog";

/**
 * FROZEN CONTRACT: `pulumi-electronhub/handler` and the names that it exports. Every state ever written names them: the
 * shim in it calls whatever version is installed here. They may be added to, never renamed or removed.
 */

/** The host gives the engine's address as its first argument; in any other process there is none. */
const [, , engineAddress] = process.argv;
const engine = engineAt(engineAddress);
const engineGone = new AbortController();

// One for the process: all resources share its sessions, and so the account's limit and list.
const report = (line: string) => process.stdout.write(`${line}\n`);
const dependencies = systemDependencies(report, engineAddress);
const provider = new DynamicProvider({
  ...dependencies,
  engine,
  signal: engineGone.signal,
  keysOfRun: keysOfRun(engine && engineAddress, report),
});

/** Milliseconds for an answer that is on its way when the engine has died. */
const LAST_ANSWER_MS = 3_000;

silenceHostEcho(console);

if (engine !== undefined) {
  watchEngine({
    engine,
    onGone: () => {
      // Waiting ends at once; what is on its way is finished, so that the log and the account agree. An answer that does
      // not come is given up: nobody is left to hear it, and whoever cleans up finds the process gone.
      engineGone.abort(new EngineGoneError());
      setTimeout(() => void dependencies.transport.close(), LAST_ANSWER_MS);
      const exitWhenIdle = () => (provider.running === 0 ? process.exit(1) : undefined);
      setInterval(exitWhenIdle, 100);
    },
  });
}

/** The host's own types, so that the package's declarations need no others. */
type Verb<K extends keyof ResourceProvider> = NonNullable<ResourceProvider[K]>;

export const configure: Verb<"configure"> = provider.configure.bind(provider);
export const check: Verb<"check"> = provider.check.bind(provider);
export const diff: Verb<"diff"> = provider.diff.bind(provider);
export const create: Verb<"create"> = provider.create.bind(provider);
export const read: Verb<"read"> = provider.read.bind(provider);
export const update: Verb<"update"> = provider.update.bind(provider);
const remove: Verb<"delete"> = provider.delete.bind(provider);
export { remove as delete };

/** The provider of what a `RotatingProxyKey` remembers. */
export { rotation };
