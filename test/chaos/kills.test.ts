import { playChosenSeeds } from "./play";
import { isKill } from "./scenario";

// Crashes that end a process. Two files, so that two workers share the seeds.
playChosenSeeds(({ crash }) => isKill(crash));
