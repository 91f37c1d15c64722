import { emptyWindow, type WindowState } from "./rateWindow";

/** Where an account's window is remembered. */
export interface WindowStore {
  /** Changes the state in one step that nobody else's change can come between. */
  transact<T>(change: (state: WindowState) => T): T;
  /** Whether other processes may change the state at any time. */
  readonly shared: boolean;
}

/** The window of one process that shares it with nobody. */
export function memoryStore(state: WindowState = emptyWindow()): WindowStore {
  return { shared: false, transact: (change) => change(state) };
}
