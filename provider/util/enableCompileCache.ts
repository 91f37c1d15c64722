import { useCompileCache } from "./compileCache";

/** Imported before the modules that it is for. */
useCompileCache();
