/** Collects what did not go as described, so that the demo can end with a clear line for each. */
export class Expectations {
  readonly failures: string[] = [];

  expect(what: string, holds: boolean): void {
    if (!holds) this.failures.push(what);
  }
}
