import { playChosenSeeds } from "./play";
import { isKill } from "./scenario";

// What ends a process: of two files, so that two workers share the seeds.
playChosenSeeds(({ crash }) => isKill(crash));
