import { UserError } from "../util/userError";

/** The user has stopped the run. */
export class CancelledError extends UserError {
  override readonly name = "CancelledError";
  constructor() {
    super({
      why: "The run was cancelled, so the request was not sent.",
      nextStep: "Run the command again.",
    });
  }
}
