/** The first visit: a password, an account, an API key with lines to paste. Each step can be left for later but the first. */
import { useState } from "preact/hooks";
import { Login } from "./login";
import { Button } from "../parts/button";
import { Prefs } from "../parts/prefs";
import { session, settingUp } from "../session";
import { t } from "../text";
import { AddForm } from "./accounts/add";
import { FirstKey } from "./setup/key";
import { FirstPassword } from "./setup/password";

type Step = "password" | "account" | "key";
const STEPS: readonly Step[] = ["password", "account", "key"];

export default function Setup() {
  const state = session.value;
  const [step, setStep] = useState<Step>(state?.setup_needed ? "password" : "account");
  if (!state) return null;
  // The set-up may have been done, and signed out, elsewhere.
  if (step !== "password" && !state.signed_in) return <Login />;
  const done = () => (settingUp.value = false);
  return (
    <main class="doorway">
      <div class="corner line">
        <Prefs />
      </div>
      <img class="doorway-mark" src="./mark.svg" alt="" />
      <section class="wide stack">
        <header class="stack tight">
          <h1>{t(`setup.${step}`)}</h1>
          <ol class="steps" aria-label={t("setup.steps")}>
            {STEPS.map((one) => (
              <li key={one} aria-current={one === step ? "step" : undefined}>
                {t(`setup.step.${one}`)}
              </li>
            ))}
          </ol>
          <p class="soft">{t(`setup.${step}.explains`)}</p>
        </header>
        <div class="card">
          {step === "password" && <FirstPassword asksToken={state.setup_token_needed} onDone={() => setStep("account")} />}
          {step === "account" && <AddForm onAdded={() => setStep("key")} />}
          {step === "key" && <FirstKey onDone={done} />}
        </div>
        {step === "account" && (
          <div>
            <Button kind="plain" onClick={() => setStep("key")}>
              {t("setup.later")}
            </Button>
          </div>
        )}
      </section>
    </main>
  );
}
