import type { GetProxyKeysArgs } from "./keyFilter";
import { invoke } from "./invoke";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

/** Which keys are imported, and their settings that the account does not show. */
export interface ImportProxyKeysArgs extends GetProxyKeysArgs {
  /**
   * The time after which these keys may spend their whole budget again, which the API never shows.
   *
   * Unit: `daily`, `weekly` or `monthly`.
   *
   * @default `"daily"`
   */
  budgetWindow?: "daily" | "weekly" | "monthly" | undefined;
}

/** A file and a program that bring existing keys into a stack. */
export interface ProxyKeyImport {
  /**
   * For `pulumi import --file FILE --generate-code=false --protect=false`: JSON with the keys in clear, so write it with
   * mode 0600 and remove it afterwards. In the state they are encrypted.
   */
  file: string;
  /** The TypeScript program that declares the same keys, without secrets. */
  program: string;
  /** The resources' names in the stack, in the order of the file. */
  names: readonly string[];
}

/**
 * Describes the account's keys for `pulumi import`, and as a program. Sends one list, and a lookup for each key whose
 * settings the list leaves out; after the import a preview of the program shows no change. Reads no states: it also
 * describes keys that a stack has, which the command `pulumi-electronhub import` leaves out.
 *
 * @throws RunError if the list is refused, or does not show the keys' secrets and settings.
 */
export function importProxyKeys(
  args: ImportProxyKeysArgs = {},
  options: InvokeOptions = {},
): Promise<ProxyKeyImport> {
  const mock: MockedCall<ProxyKeyImport> = {
    name: "importProxyKeys",
    args,
    shape: '{ file: "…", program: "…", names: [] }',
    result: (returned) =>
      typeof returned["file"] === "string" ? (returned as unknown as ProxyKeyImport) : undefined,
  };
  return invoke(
    { what: "Cannot describe the account's proxy keys", mock },
    options,
    (operation, { describeImport }) => describeImport(args, operation),
  );
}
