import { playSeeds } from "./play";
import { CHOSEN_LENGTH, CHOSEN_SEEDS } from "./seeds";

playSeeds(CHOSEN_SEEDS, CHOSEN_LENGTH);
