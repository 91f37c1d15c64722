/** The request gets an error response of the API. */
export class RequestError extends Error {
  override readonly name: string = "RequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The body is invalid. The dialect decides between 400 and 422. */
export class InvalidBody extends RequestError {
  override readonly name = "InvalidBody";
  /** The invalid field. undefined: the body as a whole. */
  readonly field: string | undefined;
  readonly problem: string;
  readonly missing: boolean;
  /** The invalid value. A 422 repeats it, including secrets, as the framework does. */
  readonly input: unknown;

  constructor(field: string | undefined, problem: string, input: unknown, missing = false) {
    super(400, field === undefined ? problem : `${field}: ${problem}`);
    this.field = field;
    this.problem = problem;
    this.missing = missing;
    this.input = input;
  }
}
