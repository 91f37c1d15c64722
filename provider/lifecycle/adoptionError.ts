import { UserError } from "../util/userError";

/** The key cannot be adopted, or another resource declares it too. */
export class AdoptionError extends UserError {
  override readonly name = "AdoptionError";
}
