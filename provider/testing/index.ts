/**
 * A stateful simulator of the Electron Hub API on the loopback interface, for tests of stacks and programs that manage
 * proxy keys. It injects faults, and its clock can be moved manually.
 */
export {
  KEY_CAPS,
  type AccountOptions,
  type AccountPermissions,
  type KeyCapTier,
  type OutsideChange,
  type OutsideKey,
  type SimulatedAccount,
} from "./simulatedAccount";
export { DEFAULT_DIALECT, type Dialect, type JsonValue } from "./simulatedResponse";
export { ManualClock, realClock, type SimulatedClock } from "./simulatedClock";
export {
  bareNotFound,
  echoSecrets,
  edgePage,
  emptyBody,
  hugeJson,
  malformedJson,
  redirectTo,
  tooManyRequestsWithoutHeaders,
} from "./faultResponses";
export type { FaultedRequest, FaultEffect, FaultMatch, FaultSpec, InjectedFault } from "./faults";
export type { JournalEntry, Violation, ViolationKind } from "./requestJournal";
export type { LimitType, SimulatedKey } from "./keyRecord";
export type { SimulatedRateLimit } from "./requestWindow";
export { startSimulator, type Simulator, type SimulatorOptions } from "./simulator";
