/** English. `{name}` is filled in; of "one|many" the first is for `n` = 1. */
export const en = {
  "time.now": "now",
  "time.ms": "{n} ms",
  "time.s": "{n} s",
  "time.min": "{n} min",
  "time.h": "{n} h",
  "time.d": "{n} d",
};
