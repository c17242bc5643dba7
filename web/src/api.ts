/** Questions and orders over HTTP. Every order carries the session's CSRF token; every failure comes back as a `Refusal`. */

/** What the gateway said when it did not do something. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly param: string | null = null,
    readonly requestId: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

let csrf = "";
let whenSignedOut: () => void = () => undefined;

/** Where the gateway is: above this page, whatever path a proxy put in front. */
export function address(path: string): string {
  const root = location.pathname.replace(/(dashboard\/)?(index\.html)?$/, "");
  return new URL(root + path.replace(/^\//, ""), location.origin).href;
}

export function setCsrf(token: string): void {
  csrf = token;
}

/** What to do when the gateway says that the session is over. */
export function onSignedOut(callback: () => void): void {
  whenSignedOut = callback;
}

export async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const plain = body instanceof Blob;
  if (body !== undefined && !plain) headers["Content-Type"] = "application/json";
  const content = body === undefined ? null : plain ? body : JSON.stringify(body);
  let answer: Response;
  try {
    const asked: RequestInit = { method, headers, body: content, credentials: "same-origin", cache: "no-store" };
    answer = await fetch(address(path), signal ? { ...asked, signal } : asked);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "unreachable", "");
  }
  const text = await answer.text();
  if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
  const refusal = refused(answer, text);
  if (refusal.code === "admin_required") whenSignedOut();
  throw refusal;
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body?: unknown) => call<T>("POST", path, body);
export const put = <T>(path: string, body?: unknown) => call<T>("PUT", path, body);
export const patch = <T>(path: string, body?: unknown) => call<T>("PATCH", path, body);
export const del = <T>(path: string, body?: unknown) => call<T>("DELETE", path, body);

function refused(answer: Response, text: string): Refusal {
  const id = answer.headers.get("x-request-id");
  const wait = Number(answer.headers.get("retry-after")) || null;
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; param?: string | null } };
    return new Refusal(answer.status, error.code, error.message, error.param ?? null, id, wait);
  } catch {
    // Not from us: a proxy in between answers with a page of its own.
    return new Refusal(answer.status, `http_${answer.status}`, answer.statusText, null, id, wait);
  }
}
