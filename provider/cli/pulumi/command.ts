import { quotable } from "../../util/redact";
import { Refusal } from "../problems";

/**
 * Removes options that the environment adds to each command of the CLI: `PULUMI_OPTION_TAG` would hide stacks from a list,
 * `PULUMI_OPTION_FILE` write their keys to a file, `PULUMI_OPTION_FORCE` remove a stack with its keys. Keeps the file of the
 * stack's settings.
 */
export function withoutOptions(): Record<string, string> {
  const options = Object.keys(process.env).filter((name) => /^PULUMI_OPTION_(?!CONFIG_FILE$)/i.test(name));
  // The Automation API's type excludes `undefined`, by which Node leaves a variable out.
  return Object.fromEntries(options.map((name) => [name, undefined])) as unknown as Record<string, string>;
}

export const HOW_TO_GET_PULUMI =
  "Install it (https://www.pulumi.com/docs/install/; on Linux and macOS `curl -fsSL https://get.pulumi.com | sh`, on Windows `winget install pulumi`), make sure that `pulumi version` works in this shell, then run the command again.";

export function noStackError(stack: string): Refusal {
  return new Refusal({
    why: `The project has no stack ${stack} in this backend.`,
    nextStep: "See `pulumi stack ls` for its stacks, and `pulumi whoami -v` for the backend.",
  });
}

/** Pulumi lists the stacks of all projects of such a backend as if they belonged to this project. */
export function olderLayoutError(stacks: readonly string[]): Refusal {
  return new Refusal({
    why: `The backend has the older layout, in which the stacks of all projects are listed without their project: ${stacks.join(", ")}.`,
    nextStep: "Run `pulumi state upgrade`, then run the command again.",
  });
}

const NAME_THE_FOLDER = "Name the folder that has the Pulumi.yaml with --dir.";

export function noFolderError(folder: string): Refusal {
  return new Refusal({ why: `There is no folder ${folder}.`, nextStep: NAME_THE_FOLDER });
}

export function noProjectError(): Refusal {
  return new Refusal({ why: "There is no Pulumi project here.", nextStep: NAME_THE_FOLDER });
}

/** Translates errors that stop every command. Returns other errors unchanged. */
export function asRefusal(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const refuse = (why: string, nextStep: string) => new Refusal({ why, nextStep });
  if (/spawn pulumi(?:\.exe)? ENOENT|ENOENT.*pulumi version/.test(text))
    return refuse("There is no Pulumi CLI on PATH.", HOW_TO_GET_PULUMI);
  if (/Minimum version requirement|Major version mismatch|parse Pulumi CLI version/.test(text))
    return refuse(`The Pulumi CLI is not supported: ${quotable(text)}`, HOW_TO_GET_PULUMI);
  if (/no Pulumi\.yaml project file|no Pulumi project found/i.test(text)) return noProjectError();
  if (/PULUMI_ACCESS_TOKEN must be set|not logged in|no credentials/i.test(text)) {
    return refuse(
      "You are not logged in to a Pulumi backend.",
      "Run `pulumi login`, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN.",
    );
  }
  const [, stack] = /no stack named '(.+)' found/.exec(text) ?? [];
  if (stack !== undefined) return noStackError(stack);
  const [passphrase] = /passphrase must be set|incorrect passphrase/i.exec(text) ?? [];
  if (passphrase !== undefined) {
    const isWrong = passphrase.startsWith("i");
    return refuse(
      `The stack's secrets cannot be read: ${isWrong ? "the passphrase is wrong" : "no passphrase is set"}.`,
      "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's passphrase.",
    );
  }
  return error;
}
