import { cacheFolder } from "../../provider/config";
import { readCreations } from "../../provider/lifecycle/creations/journalReader";
import { program } from "../engine/fixture";
import { useCli } from "./fixture";

/** The command, and what `recover` works on: stacks of killed runs and this machine's journal. */
export function useRecover() {
  const cli = useCli();

  /** The open creations in this machine's journal. */
  function remembered() {
    return readCreations(cacheFolder("creations", { XDG_CACHE_HOME: cli.project.folders.cache }));
  }

  /** Deploys a stack with one key, then kills a run that creates these keys as well. */
  async function crashed(name: string, lost: readonly string[], args: Parameters<typeof program>[0] = {}) {
    const first = await cli.stack(name, program({ zero: { name: "zero" } }));
    await first.up();
    const all = { zero: { name: "zero" }, ...Object.fromEntries(lost.map((key) => [key, {}])), ...args };
    return cli.crashedUp(name, program(all), { creations: lost.length + Object.keys(args).length });
  }

  return { cli, remembered, crashed };
}
