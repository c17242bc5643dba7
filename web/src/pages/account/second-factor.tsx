/** Codes from an authenticator at sign-in: turning them on with a picture to scan, the recovery codes, turning them off. */
import { useMemo, useState } from "preact/hooks";
import { act, describe } from "../../act";
import { del, post } from "../../api";
import type { Confirmation, Proof, RecoveryCodes, SecondFactorOffer, SecondFactorView } from "../../live/protocol.gen";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { CopyBlock } from "../../parts/copy";
import { Fault, Skeleton } from "../../parts/empty";
import { Field } from "../../parts/field";
import { At } from "../../parts/time";
import { useAsked } from "../../parts/use";
import { t } from "../../text";

export function SecondFactor() {
  const { data, error, again } = useAsked<SecondFactorView>("/api/second-factor");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [offer, setOffer] = useState<SecondFactorOffer | null>(null);
  const [codes, setCodes] = useState<RecoveryCodes | null>(null);
  const attempt = async (order: (proof: Proof) => Promise<unknown>) => {
    setWrong(null);
    try {
      await order({ password });
      setPassword("");
      await again();
    } catch (fault) {
      setWrong(describe(fault));
    }
  };
  if (error !== null) return <Fault error={error} again={again} />;
  if (!data) return <Skeleton />;
  if (codes) return <Codes codes={codes.codes} onDone={() => setCodes(null)} />;
  if (offer)
    return (
      <Confirm
        offer={offer}
        onDone={(made) => {
          setOffer(null);
          setCodes(made);
          void again();
        }}
        onCancel={() => setOffer(null)}
      />
    );
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <div class="line">
        {data.on ? <Badge tone="good">{t("factor.on")}</Badge> : <Badge tone="quiet">{t("factor.off")}</Badge>}
        {data.on && (
          <span class="soft small">
            <At at={data.since} /> · {t("factor.left", { n: data.recovery_codes_left })}
          </span>
        )}
      </div>
      <p class="soft">{t("factor.explains")}</p>
      <Field name={t("password.current")} type="password" autoComplete="current-password" value={password} onInput={setPassword} wrong={wrong} />
      <div class="line">
        {data.on ? (
          <>
            <Button submit disabled={!password} onClick={() => attempt(async (proof) => setCodes(await post("/api/second-factor/recovery-codes", proof)))}>
              {t("factor.codes.new")}
            </Button>
            <Button kind="danger" disabled={!password} onClick={() => attempt((proof) => del("/api/second-factor", proof))}>
              {t("factor.turn.off")}
            </Button>
          </>
        ) : (
          <Button submit disabled={!password} onClick={() => attempt(async (proof) => setOffer(await post("/api/second-factor", proof)))}>
            {t("factor.turn.on")}
          </Button>
        )}
      </div>
    </form>
  );
}

function Confirm({ offer, onDone, onCancel }: { offer: SecondFactorOffer; onDone: (codes: RecoveryCodes) => void; onCancel: () => void }) {
  const [code, setCode] = useState("");
  // As a picture of its own a drawing can run nothing.
  const picture = useMemo(() => URL.createObjectURL(new Blob([offer.qr_svg], { type: "image/svg+xml" })), [offer]);
  const confirm = async () => {
    const body: Confirmation = { code: code.trim() };
    const made = await act(() => post<RecoveryCodes>("/api/second-factor/confirm", body));
    if (made) onDone(made);
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <p>{t("factor.scan")}</p>
      <img class="qr" src={picture} alt={t("factor.qr")} />
      <CopyBlock text={offer.secret} label={t("factor.secret")} />
      <Field name={t("login.code")} value={code} onInput={setCode} autoComplete="one-time-code" inputMode="numeric" />
      <div class="line">
        <Button kind="main" submit disabled={code.trim().length < 6} onClick={confirm}>
          {t("factor.turn.on")}
        </Button>
        <Button onClick={onCancel}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div class="stack">
      <p>{t("factor.codes")}</p>
      <CopyBlock text={codes.join("\n")} label={t("factor.codes.label")} />
      <div>
        <Button kind="main" onClick={onDone}>
          {t("factor.codes.kept")}
        </Button>
      </div>
    </div>
  );
}
