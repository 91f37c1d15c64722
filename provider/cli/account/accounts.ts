import { resolve } from "node:path";
import type { KeyObject } from "../../api/wire";
import { readSettings, type Settings } from "../../config";
import { AccountContexts, type Dependencies, type Operation } from "../../lifecycle/accountContext";
import { fingerprintOf } from "../../lifecycle/schema/state";
import type { Terminal } from "../terminal/terminal";

/** Settings by their names in a stack's configuration, such as `electronhub:apiKey`. */
export type StackSettings = Readonly<Record<string, string>>;

/** One account, seen from the command line. */
export interface AccountView {
  /** Its anonymous name. */
  account: string;
  settings: Settings;
  /** Begins an operation, which may wait for `maxWait` in all. */
  begin(): Operation;
}

/** The accounts that a command works with, each with one window of requests, which other processes share. */
export class Accounts {
  readonly #sessions: AccountContexts;
  readonly #dependencies: Dependencies;
  readonly #terminal: Terminal;
  readonly #views = new Map<string, AccountView>();

  constructor(dependencies: Dependencies, terminal: Terminal) {
    this.#dependencies = dependencies;
    this.#sessions = new AccountContexts(dependencies);
    this.#terminal = terminal;
  }

  /**
   * The account of these settings; what they leave out comes from the environment. The same settings are the same object.
   *
   * @param folder the program's, which a relative path in the settings starts from.
   * @throws ConfigurationError that names the setting and what would be right.
   */
  forSettings(stack: StackSettings | undefined, folder: string): AccountView {
    const { environment } = this.#dependencies;
    const read = readSettings({ stack: (key) => stack?.[key], environment });
    const auditLog = read.auditLog === undefined ? undefined : resolve(folder, read.auditLog);
    const settings = { ...read, auditLog };
    this.#terminal.hide(settings.apiKey);
    const name = JSON.stringify(settings);
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    const begin = () => this.#sessions.begin(settings);
    const view = { account: begin().account, settings, begin };
    this.#views.set(name, view);
    return view;
  }
}

/** A key of an account, with its fingerprint where the list shows its secret. */
export interface ListedKey {
  wire: KeyObject;
  fingerprint: string | undefined;
}

/**
 * The account's keys as they are now: nothing that was listed before.
 *
 * @param signal ends the waiting. Default: whatever ends the command.
 */
export async function listKeys(
  account: AccountView,
  signal?: AbortSignal,
): Promise<{ keys: readonly ListedKey[]; serverAheadMs: number | undefined }> {
  const { client, wait } = account.begin();
  const { keys, serverAheadMs } = await client.list(signal === undefined ? wait : { ...wait, signal });
  return {
    keys: keys.map((wire) => ({
      wire,
      fingerprint: wire.key === undefined ? undefined : fingerprintOf(wire.key),
    })),
    serverAheadMs,
  };
}
