/** English. `{name}` is filled in; of "one|many" the first is for `n` = 1. */
import { create } from "./en/create";
import { frame } from "./en/frame";
import { manage } from "./en/manage";
import { run } from "./en/run";
import { supply } from "./en/supply";
import { watch } from "./en/watch";
import { words } from "./en/words";

export const en = { ...words, ...frame, ...watch, ...supply, ...run, ...manage, ...create };
