import { playChosenSeeds } from "./play";
import { isKill } from "./scenario";

// Cut connections, and states that cannot be written.
playChosenSeeds(({ crash }) => !isKill(crash));
