/**
 * Describes the account's keys for `pulumi import`: writes keys.json, with the keys in clear, and the program that
 * declares them. The account is the one of ELECTRONHUB_API_KEY. An argument takes only names that begin with it.
 */
import { writeFileSync } from "node:fs";
import { importProxyKeys } from "pulumi-electronhub";

const [namePrefix] = process.argv.slice(2);
const { file, program, names } = await importProxyKeys({ namePrefix });
writeFileSync("keys.json", file, { mode: 0o600 });
writeFileSync("index.ts", program);
console.log(`${names.length} keys: ${names.join(", ")}`);
