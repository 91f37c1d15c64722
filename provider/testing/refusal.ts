/** A request that the API refuses in its own words. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A body that breaks a rule; the dialect decides between 400 and 422. */
export class InvalidBody extends Refusal {
  override readonly name = "InvalidBody";
  /** The offending field; undefined when the body as a whole is at fault. */
  readonly field: string | undefined;
  readonly problem: string;
  readonly missing: boolean;
  /** What was sent; a 422 repeats it, secrets included, as the framework does. */
  readonly input: unknown;

  constructor(field: string | undefined, problem: string, input: unknown, missing = false) {
    super(400, field === undefined ? problem : `${field}: ${problem}`);
    this.field = field;
    this.problem = problem;
    this.missing = missing;
    this.input = input;
  }
}
