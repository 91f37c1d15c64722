import { UserError } from "../util/userError";

/** A program or a state has a type or a function that this version does not know. */
export class UnknownTokenError extends UserError {
  override readonly name = "UnknownTokenError";
  /** @param what the token, with the kind of thing that it names. */
  constructor(what: string) {
    super({
      why: `This version of pulumi-electronhub does not know the ${what}.`,
      nextStep: "Update the plugin, or use an SDK of its version.",
    });
  }
}
