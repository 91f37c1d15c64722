import { playSequences } from "./play";

playSequences("settings");
