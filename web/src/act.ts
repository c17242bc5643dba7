/** Orders with what is said of them: the good end in a toast, the bad one with its code and request id. */
import { Refusal } from "./api";
import { complain, say } from "./parts/toast";
import { t } from "./text";

export function describe(error: unknown): string {
  if (!(error instanceof Refusal)) return String(error);
  if (error.code === "unreachable") return t("fault.unreachable");
  const id = error.requestId ? ` · ${error.requestId}` : "";
  return `${error.message} (${error.code}${id})`;
}

/** Do something and tell how it went; the result, or null when it was refused. */
export async function act<T>(order: () => Promise<T>, done?: string, undo?: () => unknown): Promise<T | null> {
  try {
    const result = await order();
    if (done) say(done, undo);
    return result;
  } catch (error) {
    complain(describe(error));
    return null;
  }
}

/** The same for many, one after the other: how many went well. */
export async function actOnAll(ids: readonly string[], order: (id: string) => Promise<unknown>): Promise<number> {
  let good = 0;
  let wrong: unknown = null;
  for (const id of ids) {
    try {
      await order(id);
      good += 1;
    } catch (error) {
      wrong = error;
    }
  }
  if (good) say(t("bulk.done", { n: good }));
  if (wrong !== null) complain(`${t("bulk.failed", { n: ids.length - good })} ${describe(wrong)}`);
  return good;
}
