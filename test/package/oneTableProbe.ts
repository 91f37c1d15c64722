import { keyObjectSchema, keySettingsSchema } from "../../provider/api/wire";
import { describeImport } from "../../provider/functions/describeImport";
import { infoOf } from "../../provider/functions/infoOf";
import type { Operation } from "../../provider/lifecycle/accountContext";
import { wireSettings } from "../../provider/lifecycle/adopt";
import { check } from "../../provider/lifecycle/check";
import { changedInputs } from "../../provider/lifecycle/diff";
import {
  inputsSchema,
  parseDeclared,
  showsSettings,
  toWireSettings,
} from "../../provider/lifecycle/schema/inputs";
import { stateOf } from "../../provider/lifecycle/schema/state";
import { startSimulator } from "../../provider/testing";

/** Prints what the package does with the input `madeUp`, where the table has it; see oneTable.test.ts. */
async function main(): Promise<void> {
  const declared = { name: "web", budget: 1, madeUp: "declared" };
  const inputs = inputsSchema.parse(declared);
  const other = inputsSchema.parse({ ...declared, madeUp: "other" });
  const settings = toWireSettings(inputs);
  const found = { ...settings, key: "ek-proxy-0123456789abcdef", is_active: true };
  const wire = keyObjectSchema.parse(found);
  const context = { nowMs: 0, randomBytes: (count: number) => new Uint8Array(count) };
  const operation = {
    client: { list: async () => ({ keys: [wire] }) },
    call: { clock: { nowMs: () => 0 } },
    settings: { baseUrl: "https://api.example/v1" },
  } as unknown as Operation;
  console.log(
    JSON.stringify({
      check: check({}, declared, context).inputs,
      diff: changedInputs(inputs, parseDeclared(other)),
      body: settings,
      comparison: [showsSettings(wire, settings, inputs), showsSettings(wire, toWireSettings(other), inputs)],
      sharedBetweenProcesses: keySettingsSchema.parse(wireSettings(inputs)?.settings),
      state: stateOf(found.key, inputs, wire, operation.settings),
      info: infoOf(wire, 0),
      program: (await describeImport({}, operation)).program,
      missingInSimulator: await missingInSimulator(settings),
    }),
  );
}

/** The fields of the body that the simulator does not show, the budget's window apart. */
async function missingInSimulator(settings: object): Promise<string[]> {
  const simulator = await startSimulator();
  try {
    const response = await fetch(`${simulator.baseUrl}/auth/proxy/create`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${simulator.account().apiKey}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(settings),
    });
    const shown = (await response.json()) as object;
    return Object.keys(settings).filter((field) => field !== "limit_type" && !(field in shown));
  } finally {
    await simulator.close();
  }
}

void main();
