/** The type token that Pulumi's SDK keeps on every resource, and policy packs on a stand-in for one. */
export function pulumiTypeOf(value: unknown): unknown {
  return (value as { __pulumiType?: unknown } | null | undefined)?.__pulumiType;
}
