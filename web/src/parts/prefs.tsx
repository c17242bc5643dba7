/** Language and theme, for this browser. */
import { language, type Theme, theme } from "../prefs";
import { t } from "../text";
import { Menu } from "./menu";

export function Prefs() {
  return (
    <>
      <Menu icon="language" label={t("language")}>
        <button type="button" lang="en" aria-pressed={language.value === "en"} onClick={() => (language.value = "en")}>
          English
        </button>
        <button type="button" lang="zh-Hans" aria-pressed={language.value === "zh"} onClick={() => (language.value = "zh")}>
          中文
        </button>
      </Menu>
      <Menu icon="theme" label={t("theme")}>
        {(["system", "light", "dark"] satisfies Theme[]).map((one) => (
          <button key={one} type="button" aria-pressed={theme.value === one} onClick={() => (theme.value = one)}>
            {t(`theme.${one}`)}
          </button>
        ))}
      </Menu>
    </>
  );
}
