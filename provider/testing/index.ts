/**
 * A simulator of the Electron Hub API for tests of stacks and programs that manage proxy keys: stateful, on the loopback
 * interface, with faults on demand and a clock that can be moved by hand.
 */
export {
  KEY_CAPS,
  type AccountOptions,
  type AccountPermissions,
  type KeyCapTier,
  type OutsideChange,
  type OutsideKey,
  type SimulatedAccount,
} from "./account";
export { DEFAULT_DIALECT, type Dialect, type JsonValue } from "./answers";
export { ManualClock, systemClock, type Clock } from "./clock";
export {
  bareNotFound,
  echoSecrets,
  edgePage,
  emptyBody,
  hugeJson,
  malformedJson,
  redirectTo,
  tooManyRequestsWithoutHeaders,
} from "./faultAnswers";
export type { FaultedRequest, FaultEffect, FaultMatch, FaultSpec, InjectedFault } from "./faults";
export type { JournalEntry, Violation, ViolationKind } from "./journal";
export type { LimitType, SimulatedKey } from "./keyRecord";
export type { RateLimit } from "./rateWindow";
export { startSimulator, type Simulator, type SimulatorOptions } from "./simulator";
