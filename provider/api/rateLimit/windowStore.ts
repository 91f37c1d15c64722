import { emptyWindow, type WindowState } from "./rateWindow";

/** Where an account's window is remembered. */
export interface WindowStore {
  /**
   * Changes the state in one step that no other change can come between. `change` is called again, with a newer state,
   * when another process wrote meanwhile after all.
   */
  transact<T>(change: (state: WindowState) => T): T;
  /** Whether other processes may change the state at any time. */
  readonly shared: boolean;
}

/** The window of one process that shares it with nobody. */
export function memoryStore(state: WindowState = emptyWindow()): WindowStore {
  return { shared: false, transact: (change) => change(state) };
}
