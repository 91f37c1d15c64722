import { ConfigurationError, SETTINGS } from "../../config";
import type { AccountView } from "../account/accounts";
import { accountForCommand } from "../account/accountForCommand";
import type { CommandContext } from "../commandContext";
import { EXIT, problemOf, Refusal, type ExitCode } from "../problems";
import { recordDisabling } from "../revoking/audit";
import {
  labelsOf,
  readableDeclaredKeys,
  requiredDeclaredKeys,
  type DeclaredKeys,
} from "../revoking/declaredKeys";
import { disableKeys } from "../revoking/disableKeys";
import { findKeys, showKeys, type Found } from "../revoking/findKeys";
import { BACKEND_WAIT_MS, PulumiAccess, SETTINGS_WAIT_MS } from "../revoking/pulumiAccess";
import { creditsReturned, keyReceipt, type Receipt } from "../revoking/receipt";
import { remember, RevocationMemory } from "../revoking/memory";
import { keysText, receiptText } from "../revoking/receiptText";
import { proveAbsence, removeKeys } from "../revoking/removeKeys";
import { urgent, type RevokedKey } from "../revoking/revokedKey";
import { replacementsFor } from "../revoking/replacements";
import { needsStates, selectionOf, type Selection, type SelectionOptions } from "../revoking/selection";
import { counted } from "../terminal/table";
import { isExactPattern } from "../terminal/stackPattern";

export interface RevokeOptions extends SelectionOptions {
  dir: string;
  disableOnly?: boolean;
  yes?: boolean;
  json?: boolean;
}

/**
 * Disables the selected keys at once, verifies that, and then removes them. The states only say who has the keys: what cannot
 * be read there neither delays nor prevents it, unless the selection needs it.
 */
export async function revoke(options: RevokeOptions, world: CommandContext): Promise<ExitCode> {
  const pulumi = new PulumiAccess(options.dir, world);
  try {
    return await revokeKeys(options, world, pulumi);
  } finally {
    await pulumi.close();
  }
}

async function revokeKeys(
  options: RevokeOptions,
  world: CommandContext,
  pulumi: PulumiAccess,
): Promise<ExitCode> {
  const { terminal, changes } = world;
  const { disableOnly = false } = options;
  const selection = await selectionOf(options, world);
  const dryRun = options.yes !== true;
  const { account: view, note } = await accountFor(options, selection, world, pulumi);
  const account = urgent(view);
  const selecting = needsStates(selection) ? await requiredDeclaredKeys(selection, pulumi, world) : undefined;
  const changesBefore = changes.count;
  const found = await findKeys(selection, account, selecting);
  const { keys } = found;
  const memory = new RevocationMemory(account.account, world);
  for (const key of keys) key.remembered = memory.find(key.fingerprint ?? "");
  if (dryRun) await showKeys(found, account);
  else await disableAll(found, account, world, memory);
  const isRead = selecting !== undefined && selection.kind === "filter" && selection.stacks === undefined;
  const declared = isRead ? selecting : await readableDeclaredKeys(pulumi, world);
  recognise(keys, declared, account);
  const notLookedUp = [...(note === undefined ? [] : [note]), ...declared.gaps];
  const receipts = () => keys.map((key) => keyReceipt(key, declared, dryRun));
  const isText = options.json !== true;
  if (isText) {
    const shown = { keys: receipts(), notLookedUp };
    terminal.result(...(keys.length === 0 ? [noneText(selection)] : keysText(shown)));
  }
  if (!dryRun && !disableOnly) await removeKeys(keys, account, world, memory);
  await proveAbsence(keys, account, world);

  const done = receipts();
  const { flaw } = found.listing ?? {};
  const problems = flaw === undefined || selection.kind === "named" ? [] : [flaw];
  const isWhole = done.every(
    ({ outcome, problems }) => problems.length === 0 && outcome !== "foreign" && outcome !== "unknown",
  );
  const isRefused = !dryRun && changes.count === changesBefore;
  const receipt: Receipt = {
    command: "revoke",
    dryRun,
    exitCode: isWhole && problems.length === 0 ? EXIT.done : isRefused ? EXIT.refused : EXIT.failedInPart,
    server: account.settings.baseUrl,
    keys: done,
    creditsReturned: creditsReturned(done),
    stackCount: declared.stackCount,
    notLookedUp,
    replacements: replacementsFor(done, declared.folder),
    problems,
  };
  if (!isText) terminal.json(receipt);
  else if (keys.length + problems.length > 0) terminal.result(...receiptText(receipt, { disableOnly }));
  return receipt.exitCode;
}

async function disableAll(
  found: Found,
  account: AccountView,
  world: CommandContext,
  memory: RevocationMemory,
): Promise<void> {
  const keys = found.keys.filter(({ secret }) => secret !== undefined);
  if (keys.length > 0) world.terminal.progress(`Disabling ${counted(keys.length, "key")}`);
  const settled = (key: RevokedKey) => recordDisabling(key, account, world);
  await disableKeys(keys, found.listing, { account, world, seen: (key) => remember(key, memory), settled });
}

/**
 * The stack's account as `pulumi up` uses it, or the environment's if the stack's settings cannot be read.
 *
 * @throws Refusal if keys would then be selected by their names, since those of another account may have the same.
 */
async function accountFor(
  { dir, stack = [] }: RevokeOptions,
  selection: Selection,
  world: CommandContext,
  pulumi: PulumiAccess,
): Promise<{ account: AccountView; note?: string }> {
  const [named = "", ...others] = stack;
  const isNamed = others.length === 0 && named !== "" && isExactPattern(named) && !named.includes("/");
  const hasApiKey = !isNamed && !!world.environment[SETTINGS.apiKey];
  try {
    const ask = () => accountForCommand({ dir, stack: isNamed ? named : undefined }, world, pulumi.open);
    // A filter needs the answer; named keys do not.
    const waitMs = selection.kind === "filter" ? BACKEND_WAIT_MS : SETTINGS_WAIT_MS;
    return { account: await (hasApiKey ? pulumi.answer(ask, waitMs) : ask()) };
  } catch (error) {
    if (!hasApiKey || error instanceof ConfigurationError) throw error;
    const { why } = problemOf(error);
    if (selection.kind === "filter" && !needsStates(selection)) {
      throw new Refusal({
        why: `The account whose keys --name-prefix selects is unknown: the stack's settings could not be looked up. ${why} Nothing was changed.`,
        nextStep: `Fix this, or select the keys by --fingerprint or on stdin. In a folder without a project the account is that of ${SETTINGS.apiKey}.`,
      });
    }
    return {
      account: world.accounts.forSettings(undefined, dir),
      note: `The stack's settings could not be looked up, so the environment's were used: ${why}`,
    };
  }
}

/**
 * Recognises keys that are gone. A fingerprint that the account's list does not show was removed if a state has it from this
 * account, or if an earlier command on this machine was about to revoke it.
 */
function recognise(
  keys: readonly RevokedKey[],
  { byFingerprint }: DeclaredKeys,
  { account }: AccountView,
): void {
  for (const key of keys) {
    const { fingerprint = "", status, provenAtMs } = key;
    const places = byFingerprint.get(fingerprint) ?? [];
    key.labels ??= labelsOf(places);
    const wasOfAccount = key.remembered !== undefined || places.some((place) => place.account === account);
    if (status !== "absent" || provenAtMs === undefined || !wasOfAccount) continue;
    key.status = "gone";
    key.problems = [];
  }
}

function noneText(selection: Selection): string {
  const { namePrefix } = selection.kind === "filter" ? selection : {};
  if (namePrefix === undefined) return "No key of the account is in a selected stack. Nothing was changed.";
  const whose = needsStates(selection) ? "selected key" : "key";
  return `No ${whose} of the account has a name that starts with ${JSON.stringify(namePrefix)}. Nothing was changed.`;
}
