/** Sign-in: the password, and the second factor where the gateway asks for it. */
import { useState } from "preact/hooks";
import { describe } from "../act";
import { Refusal } from "../api";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import { Prefs } from "../parts/prefs";
import { signIn } from "../session";
import { t } from "../text";

export function Login() {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    setWrong(null);
    try {
      await signIn(password, asksCode ? code.trim() : null);
    } catch (error) {
      if (error instanceof Refusal && error.code === "second_factor_required" && !asksCode) setAsksCode(true);
      else setWrong(told(error, asksCode));
    }
  };
  return (
    <main class="doorway">
      <div class="corner line">
        <Prefs />
      </div>
      <img class="doorway-mark" src="./mark.svg" alt="" />
      <h1>flow2api</h1>
      <form class="card stack" onSubmit={send}>
        <input class="hidden-text" type="text" autocomplete="username" value="admin" readOnly tabIndex={-1} aria-hidden="true" />
        <Field
          name={t("login.password")}
          type="password"
          autoComplete="current-password"
          value={password}
          onInput={setPassword}
          autoFocus
          required
          wrong={asksCode ? null : wrong}
        />
        {asksCode && (
          <Field
            name={t("login.code")}
            explains={t("login.code.explains")}
            autoComplete="one-time-code"
            value={code}
            onInput={setCode}
            autoFocus
            required
            wrong={wrong}
          />
        )}
        <Button kind="main" submit onClick={() => undefined}>
          {t("login.enter")}
        </Button>
      </form>
    </main>
  );
}

function told(error: unknown, withCode: boolean): string {
  if (!(error instanceof Refusal)) return describe(error);
  if (error.code === "rate_limit_exceeded") return t("login.wait", { n: Math.ceil(error.retryAfter ?? 1) });
  if (error.status === 401) return t(withCode ? "login.wrong.code" : "login.wrong");
  return describe(error);
}
