import { resolve } from "node:path";
import type { KeyObject } from "../../api/wire";
import { readSettings, secretsOf, type Settings } from "../../config";
import { AccountContexts, type Dependencies, type Operation } from "../../lifecycle/accountContext";
import { fingerprintOf } from "../../lifecycle/schema/state";
import type { Terminal } from "../terminal/terminal";

/** Settings by their names in a stack's configuration, such as `electronhub:apiKey`. */
export type StackSettings = Readonly<Record<string, string>>;

/** One account. */
export interface AccountView {
  /** The anonymous name. */
  account: string;
  settings: Settings;
  /** Begins an operation with its own `maxWait`. */
  begin(): Operation;
}

/** The accounts of a command. Each has one rate-limit window, shared with other processes. */
export class Accounts {
  readonly #contexts: AccountContexts;
  readonly #dependencies: Dependencies;
  readonly #terminal: Terminal;
  readonly #views = new Map<string, AccountView>();

  constructor(dependencies: Dependencies, terminal: Terminal) {
    this.#dependencies = dependencies;
    this.#contexts = new AccountContexts(dependencies);
    this.#terminal = terminal;
  }

  /**
   * The account of these settings. The environment supplies missing settings, as in `pulumi up`. Equal settings return the same
   * object.
   *
   * @param folder the program's folder, for relative paths in the settings.
   * @throws ConfigurationError that names the setting and the expected form.
   */
  forSettings(stack: StackSettings | undefined, folder: string): AccountView {
    const { environment } = this.#dependencies;
    const read = readSettings({ stack: (key) => stack?.[key], environment });
    const auditLog = read.auditLog === undefined ? undefined : resolve(folder, read.auditLog);
    const settings = { ...read, auditLog };
    for (const secret of secretsOf(settings)) this.#terminal.hide(secret);
    const name = JSON.stringify(settings);
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    const begin = () => this.#contexts.begin(settings);
    const view = { account: begin().account, settings, begin };
    this.#views.set(name, view);
    return view;
  }
}

/** A key of an account. The fingerprint is undefined if the list hides the secret. */
export interface ListedKey {
  wire: KeyObject;
  fingerprint: string | undefined;
}

/**
 * Lists the account's keys. Uses no cache.
 *
 * @param signal ends the waiting. Default: the signal that stops the command.
 */
export async function listKeys(
  account: AccountView,
  signal?: AbortSignal,
): Promise<{ keys: readonly ListedKey[]; serverAheadMs: number | undefined }> {
  const { client, call } = account.begin();
  const { keys, serverAheadMs } = await client.list(signal === undefined ? call : { ...call, signal });
  return {
    keys: keys.map(listedKey),
    serverAheadMs,
  };
}

export function listedKey(wire: KeyObject): ListedKey {
  return { wire, fingerprint: wire.key === undefined ? undefined : fingerprintOf(wire.key) };
}
