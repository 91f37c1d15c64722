import { UserError } from "../util/userError";

/** The arguments are malformed, or the account does not have the key. */
export class InvokeError extends UserError {
  override readonly name = "InvokeError";
}
