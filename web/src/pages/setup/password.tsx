/** The first password, with its strength shown, and the token of the start where the page is opened from elsewhere. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { Refusal } from "../../api";
import { Button } from "../../parts/button";
import { Field } from "../../parts/field";
import { Strength, LEAST_LENGTH } from "../../parts/strength";
import { setUp } from "../../session";
import { t } from "../../text";

export function FirstPassword({ asksToken, onDone }: { asksToken: boolean; onDone: () => void }) {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [token, setToken] = useState(new URLSearchParams(location.hash.split("?")[1]).get("token") ?? "");
  const [wrong, setWrong] = useState<{ at: "password" | "token"; text: string } | null>(null);
  const differs = again !== "" && again !== password;
  const send = async () => {
    setWrong(null);
    try {
      await setUp(password, token.trim() || null);
      onDone();
    } catch (error) {
      const token = error instanceof Refusal && (error.param === "token" || error.status === 401);
      setWrong({ at: token ? "token" : "password", text: describe(error) });
    }
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <input class="hidden-text" type="text" autocomplete="username" value="admin" readOnly tabIndex={-1} aria-hidden="true" />
      {asksToken && (
        <Field
          name={t("setup.token")}
          explains={t("setup.token.explains")}
          value={token}
          onInput={setToken}
          autoComplete="off"
          mono
          wrong={wrong?.at === "token" ? wrong.text : null}
        />
      )}
      <Field
        name={t("password.new")}
        type="password"
        autoComplete="new-password"
        value={password}
        onInput={setPassword}
        explains={t("password.explains", { n: LEAST_LENGTH })}
        wrong={wrong?.at === "password" || !asksToken ? wrong?.text : null}
      />
      <Strength of={password} />
      <Field
        name={t("password.again")}
        type="password"
        autoComplete="new-password"
        value={again}
        onInput={setAgain}
        wrong={differs ? t("password.differs") : null}
      />
      <div>
        <Button kind="main" submit disabled={password.length < LEAST_LENGTH || again !== password} onClick={send}>
          {t("setup.password.do")}
        </Button>
      </div>
    </form>
  );
}
