import { fileWindowStore } from "../../../../provider/api/rateLimit/fileWindow";

/** A process that changes a shared window file: `fileWindowWorker.ts PATH COUNT`, or COUNT `hold` to block in a step. */
const [path = "", count = ""] = process.argv.slice(2);
const store = fileWindowStore({
  path,
  onTrouble: (reason) => {
    throw new Error(reason);
  },
});

if (count === "hold") {
  store.transact(() => {
    process.stdout.write("holding\n");
    // Never returns: the parent kills this process during the step.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
} else {
  for (let at = 0; at < Number(count); at++) {
    store.transact((state) => {
      state.cooldownUntilMs += 1;
    });
  }
}
