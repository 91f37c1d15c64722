import { playChosenSeeds } from "./play";
import { isKill } from "./scenario";

// Connections that are cut, and states that cannot be written.
playChosenSeeds(({ crash }) => !isKill(crash));
