import { emptyWindow, type WindowState } from "./rateWindow";

/** Keeps an account's window. */
export interface WindowStore {
  /**
   * Changes the state in one step, with no other change in between. Calls `change` again, with a newer state, if
   * another process has written meanwhile.
   */
  transact<T>(change: (state: WindowState) => T): T;
  /** Whether other processes may change the state at any time. */
  readonly shared: boolean;
}

/** A window that only this process uses. */
export function memoryStore(state: WindowState = emptyWindow()): WindowStore {
  return { shared: false, transact: (change) => change(state) };
}
