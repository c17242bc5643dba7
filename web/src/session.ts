/** Who sits here: asks, signs in and out, and holds the live connection for as long as somebody is signed in. */
import { signal } from "@preact/signals";
import { call, get, onSignedOut, post, put, setCsrf } from "./api";
import { connectLive } from "./live/connection";
import type { SessionState } from "./live/protocol.gen";
import { forget } from "./live/state";

/** Null until the gateway was asked. */
export const session = signal<SessionState | null>(null);
/** The gateway could not be asked. */
export const unreachable = signal(false);
/** Set-up goes on after the password, so it has a flag of its own. */
export const settingUp = signal(false);

let connection: ReturnType<typeof connectLive> | null = null;

export async function begin(): Promise<void> {
  onSignedOut(ended);
  try {
    enter(await get<SessionState>("/api/session"));
    unreachable.value = false;
  } catch {
    unreachable.value = true;
  }
}

function enter(state: SessionState): void {
  setCsrf(state.csrf);
  if (state.setup_needed) settingUp.value = true;
  session.value = state;
  if (state.signed_in && connection === null) connection = connectLive({ doubt: () => void ask(), signedOut: ended });
}

/** Whether a refused connection means that the session is over. */
async function ask(): Promise<void> {
  try {
    const state = await get<SessionState>("/api/session");
    if (!state.signed_in) ended();
    else setCsrf(state.csrf);
  } catch {
    // The gateway is away; the socket tries on.
  }
}

function ended(): void {
  connection?.stop();
  connection = null;
  setCsrf("");
  forget();
  if (session.value?.signed_in) session.value = { ...session.value, signed_in: false, session: null, csrf: "" };
}

export async function signIn(password: string, code: string | null): Promise<void> {
  enter(await post<SessionState>("/api/session", { password, code: code || null }));
}

export async function setUp(password: string, token: string | null): Promise<void> {
  enter(await post<SessionState>("/api/setup", { password, token: token || null }));
}

export async function signOut(): Promise<void> {
  await call("DELETE", "/api/session");
  ended();
}

export async function changePassword(current: string, password: string): Promise<void> {
  await put("/api/password", { current, password });
}

export function retryNow(): void {
  connection?.retry();
}
