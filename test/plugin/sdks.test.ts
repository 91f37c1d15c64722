import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import schema from "../../provider/plugin/schema.json";
import { runCommand } from "../support/command";
import { createEngineProject, type EngineProject } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { generateSdks, writeSdks } from "../support/generatedSdks";

let project: EngineProject;

beforeAll(async () => {
  project = await createEngineProject();
});
afterAll(() => project.dispose());

it("generates the SDKs without a warning; the one for Node.js compiles", async () => {
  const { nodejs } = await generateSdks(project);

  const tsc = join(REPOSITORY_ROOT, "node_modules", ".bin", "tsc");
  const compiled = await runCommand(tsc, ["-p", nodejs, "--noEmit"], { env: project.env });
  expect(compiled).toMatchObject({ exitCode: 0, output: "" });
});

it("takes no schema that Pulumi complains about", async () => {
  const file = join(project.folders.temporary, "bad.json");
  const property = { $ref: "#/types/electronhub:index:Missing" };
  const resources = { "electronhub:index:Bad": { properties: { property }, required: ["other"] } };
  await writeFile(file, JSON.stringify({ ...schema, version: "0.1.0", resources }));

  await expect(writeSdks(file, join(project.folders.root, "bad"))).rejects.toThrow("Missing");
});
