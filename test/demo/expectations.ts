/** Collects failed expectations, so that the demo ends with a line for each. */
export class Expectations {
  readonly failures: string[] = [];

  expect(what: string, holds: boolean): void {
    if (!holds) this.failures.push(what);
  }
}
