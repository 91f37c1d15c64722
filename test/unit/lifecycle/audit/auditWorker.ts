import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { appendAuditLine } from "../../../../provider/lifecycle/auditLog";
import { lineAbout } from "./lineAbout";

/**
 * A process that writes to a shared audit log: `auditWorker.ts PATH NAME COUNT` writes lines at once, `endless` one after the
 * other until it is killed, and `torn` half a line and never ends.
 */
const [path = "", name = "", count = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  if (count === "torn") stopWithin();
  if (count === "torn" || count === "endless") await writeEndlessly();
  const names = Array.from({ length: Number(count) }, (_, at) => `${name}-${at}`);
  await Promise.all(names.map((each) => appendAuditLine(path, lineAbout(each), [])));
}

async function writeEndlessly(): Promise<never> {
  for (let at = 0; ; at++) {
    await appendAuditLine(path, lineAbout(`${name}-${at}`), []);
    process.stdout.write(`${process.pid}\n`);
  }
}

/** The first write to the log never returns, and writes one half. The lock stays. */
function stopWithin(): void {
  const { writeSync } = fs;
  const stopping = (descriptor: number, data: string | Uint8Array) => {
    if (typeof data === "string") return writeSync(descriptor, data);
    writeSync(descriptor, data, 0, data.byteLength >> 1);
    process.stdout.write(`${process.pid}\n`);
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0).length;
  };
  fs.writeSync = stopping as typeof writeSync;
  syncBuiltinESMExports();
}

void main();
