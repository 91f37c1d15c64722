/**
 * Describes the account's keys for `pulumi import`: writes pulumi-import.json, with the keys in clear, and importedKeys.ts, which
 * declares them. Replaces no file. The account is the one of ELECTRONHUB_API_KEY. An argument takes only names that begin with
 * it. Reads no states: leave out keys that a stack has, or use the command `pulumi-electronhub import`, which does.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { importProxyKeys } from "pulumi-electronhub";

for (const name of ["importedKeys.ts", "pulumi-import.json"]) {
  if (existsSync(name)) {
    console.error(`${name} is there already. Finish the import that it belongs to, or move it away.`);
    process.exit(1);
  }
}
const [namePrefix] = process.argv.slice(2);
const { file, program, names } = await importProxyKeys({ namePrefix });
if (names.length > 0) {
  // "wx" fails if the file exists.
  writeFileSync("importedKeys.ts", program, { flag: "wx" });
  try {
    writeFileSync("pulumi-import.json", file, { flag: "wx", mode: 0o600 });
  } catch (error) {
    rmSync("importedKeys.ts");
    throw error;
  }
}
console.log(`Keys: ${names.join(", ") || "none"}`);
