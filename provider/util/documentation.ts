/** Documentation as data: the source of declarations, editor tooltips and the README. */
export interface Documentation {
  /** One or more sentences in Markdown. */
  meaning: string;
  /** What the value counts, or how it is written. */
  unit?: string;
  /** In Markdown. Absent: the value is required, or the schema knows the default. */
  default?: string;
}
