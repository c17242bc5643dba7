/** 中文。键与英文相同，由类型和测试保证。 */
import type { en } from "./en";

export const zh: Record<keyof typeof en, string> = {
  "time.now": "刚刚",
  "time.ms": "{n} 毫秒",
  "time.s": "{n} 秒",
  "time.min": "{n} 分钟",
  "time.h": "{n} 小时",
  "time.d": "{n} 天",
};
