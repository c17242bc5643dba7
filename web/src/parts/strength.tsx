/** How hard a password is to guess, roughly: from its length and the kinds of its characters. */
import { t } from "../text";

export const LEAST_LENGTH = 10;

/** 0 (too short) to 4 (strong). Repeats and runs count for little. */
export function strength(password: string): 0 | 1 | 2 | 3 | 4 {
  if (password.length < LEAST_LENGTH) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/, /[^\x00-\x7f]/].filter((kind) => kind.test(password)).length;
  const telling = password.replace(/(.)\1+/g, "$1").replace(/(?:0?1234|12345|abcd|qwert)\w*/gi, "").length;
  const bits = telling * (2 + kinds);
  return bits < 28 ? 1 : bits < 48 ? 2 : bits < 72 ? 3 : 4;
}

const TONES = ["", "on-bad", "on-resting", "on-good", "on-good"];

export function Strength({ of: password }: { of: string }) {
  const level = strength(password);
  return (
    <div class="stack tight" role="status">
      <div class="strength" aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <span key={step} class={step <= level ? TONES[level] : ""} />
        ))}
      </div>
      <span class="soft small">{password ? t(`strength.${level}`) : " "}</span>
    </div>
  );
}
