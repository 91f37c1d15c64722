import { acquireMutex, isHeld } from "../../../../provider/cli/stack/mutex";

/**
 * A process of its own that wants a mutex: `mutexWorker.ts FOLDER NAME`. It says that it is ready, begins at the first
 * line that it reads, says what came of it, and then stays until its input ends.
 */
const [folder = "", name = ""] = process.argv.slice(2);

process.stdin.once("data", () => {
  const mutex = acquireMutex(folder, name);
  process.stdout.write(isHeld(mutex) ? `held by ${mutex.pid}\n` : "acquired\n");
  process.stdin.once("end", () => {
    if (!isHeld(mutex)) mutex.release();
  });
});
process.stdout.write("ready\n");
