/** What can be done to the captcha pool: a test of the whole way to a token, replacing a tab. */
import { act } from "../../act";
import { post } from "../../api";
import { duration } from "../../format";
import type { TabView, TokenTest } from "../../live/protocol.gen";
import { complain, say } from "../../parts/toast";
import { t } from "../../text";

export async function testTokens(): Promise<void> {
  const told = await act(() => post<TokenTest>("/api/captcha/test"));
  if (!told) return;
  if (told.ok) say(t("captcha.test.good", { n: duration(told.seconds) }));
  else complain(t("captcha.test.bad", { why: told.error }));
}

export function recycle(tab: TabView) {
  return act(() => post(`/api/captcha/tabs/${tab.id}/recycle`), t("captcha.recycled", { n: tab.id }));
}
