import type { ListedKey } from "../account/accounts";
import type { Problem } from "../problems";

/** What an account shows of a key. */
export type Sighting =
  | { kind: "listed"; key: ListedKey }
  | { kind: "absent" }
  /** Another account has the key. */
  | ({ kind: "foreign" } & Problem)
  /** The list shows keys without their secrets: any of these may be the key. */
  | ({ kind: "hidden" } & Problem)
  /** The account could not be listed, or is not the one that had the key. */
  | ({ kind: "unasked" } & Problem);
