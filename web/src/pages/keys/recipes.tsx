/** Lines to paste for the usual programs, with this gateway's address and a key. */
import { useState } from "preact/hooks";
import { CopyBlock } from "../../parts/copy";
import { t } from "../../text";

const PROGRAMS = ["curl", "openai", "openwebui", "n8n"] as const;
type Program = (typeof PROGRAMS)[number];

const NAMES: Record<Program, string> = { curl: "curl", openai: "OpenAI SDK", openwebui: "Open WebUI", n8n: "n8n" };
const MODEL = "gemini-3.1-flash-image";

function lines(program: Program, base: string, secret: string): string {
  switch (program) {
    case "curl":
      return [
        `curl ${base}/chat/completions \\`,
        `  -H "Authorization: Bearer ${secret}" -H "Content-Type: application/json" \\`,
        `  -d '{"model": "${MODEL}", "messages": [{"role": "user", "content": "A lighthouse at dusk"}]}'`,
      ].join("\n");
    case "openai":
      return [
        "from openai import OpenAI",
        "",
        `client = OpenAI(base_url="${base}", api_key="${secret}")`,
        "answer = client.chat.completions.create(",
        `    model="${MODEL}",`,
        '    messages=[{"role": "user", "content": "A lighthouse at dusk"}],',
        ")",
        "print(answer.choices[0].message.content)",
      ].join("\n");
    case "openwebui":
    case "n8n":
      return `${base}\n${secret}`;
  }
}

export function Recipes({ base, secret }: { base: string; secret: string }) {
  const [program, setProgram] = useState<Program>("curl");
  return (
    <div class="stack tight">
      <div class="chips" role="group" aria-label={t("recipes")}>
        {PROGRAMS.map((one) => (
          <button key={one} type="button" class="chip" aria-pressed={one === program} onClick={() => setProgram(one)}>
            {NAMES[one]}
          </button>
        ))}
      </div>
      {program === "openwebui" && <p class="soft">{t("recipes.openwebui")}</p>}
      {program === "n8n" && <p class="soft">{t("recipes.n8n")}</p>}
      <CopyBlock text={lines(program, base, secret)} label={NAMES[program]} />
    </div>
  );
}
