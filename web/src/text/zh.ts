/** 中文。键与英文相同，由类型和测试保证。 */
import { create } from "./zh/create";
import { frame } from "./zh/frame";
import { manage } from "./zh/manage";
import { run } from "./zh/run";
import { supply } from "./zh/supply";
import { watch } from "./zh/watch";
import { words } from "./zh/words";
import type { en } from "./en";

export const zh: Record<keyof typeof en, string> = { ...words, ...frame, ...watch, ...supply, ...run, ...manage, ...create };
