import { playSequences } from "./play";

playSequences("ownership");
