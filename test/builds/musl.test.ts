/** The build for x86-64 with musl, with a libstdc++ made for it. */
import { X64_MUSL } from "./build.ts";
import { keepsPromises } from "./promises.ts";

keepsPromises(X64_MUSL, "on Debian's musl");
