/** What is on the page: set-up, sign-in, or the frame with the page that the address names. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Frame } from "./frame";
import { isPage, PAGES, type PageName } from "./pages";
import { Login } from "./pages/login";
import { Button } from "./parts/button";
import { Questions } from "./parts/dialog";
import { Empty, Fault, Skeleton } from "./parts/empty";
import { Toasts } from "./parts/toast";
import { page } from "./route";
import { begin, session, settingUp, unreachable } from "./session";
import { t } from "./text";

const loaded = new Map<string, ComponentType>();

function usePage(name: string, load: () => Promise<{ default: ComponentType }>) {
  const [, arrived] = useState(0);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setError(null);
    if (loaded.has(name)) return;
    load().then((module) => {
      loaded.set(name, module.default);
      arrived((n) => n + 1);
    }, setError);
  }, [name]);
  return { Page: loaded.get(name), error };
}

export function App() {
  return (
    <>
      <Inside />
      <Questions />
      <Toasts />
    </>
  );
}

function Inside() {
  const state = session.value;
  if (unreachable.value)
    return (
      <main class="doorway">
        <Empty title={t("fault.unreachable")} action={<Button onClick={begin}>{t("again")}</Button>} />
      </main>
    );
  if (state === null) return null;
  if (settingUp.value) return <Shown name="setup" load={() => import("./pages/setup")} />;
  if (!state.signed_in) return <Login />;
  return (
    <Frame>
      <Current />
    </Frame>
  );
}

function Current() {
  const name: PageName = isPage(page.value) ? page.value : "overview";
  return <Shown key={name} name={name} load={PAGES[name]} />;
}

function Shown({ name, load }: { name: string; load: () => Promise<{ default: ComponentType }> }) {
  const { Page, error } = usePage(name, load);
  // After an update of the gateway the old page's files are gone.
  if (error) return <Fault error={t("fault.page")} again={() => location.reload()} />;
  return Page ? <Page /> : <Skeleton rows={6} />;
}
