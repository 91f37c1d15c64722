import { emptyWindow, type WindowState } from "./windowState";

/** Keeps an account's window. */
export interface WindowStore {
  /**
   * Changes the state in one step, with no other change in between. Calls `change` again, with a newer state, if
   * another process has written meanwhile. Rejects or throws only what `change` throws.
   *
   * @param mirror repeats the change in the machine's own window, while machines share another one.
   */
  transact<T>(change: Change<T>, mirror?: Mirror<T>): T | Promise<T>;
  /** Whether other processes may change the state at any time. */
  readonly shared: boolean;
}

/** @param sharedNowMs the time by the clock that machines share. Undefined: the state has this machine's time. */
export type Change<T> = (state: WindowState, sharedNowMs?: number) => T;

export type Mirror<T> = (state: WindowState, result: T) => void;

/** A window of this machine. */
export interface LocalStore extends WindowStore {
  transact<T>(change: Change<T>): T;
}

/** A window that only this process uses. */
export function memoryStore(state: WindowState = emptyWindow()): LocalStore {
  return { shared: false, transact: (change) => change(state) };
}
